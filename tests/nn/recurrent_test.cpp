// Recurrent layers against PyTorch (tests/nn/golden/README.md), by hand, and against themselves in other company.
#include "attune/nn/recurrent.hpp"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "nn/golden_numbers.hpp"

namespace attune::nn {
namespace {

using testing::check_near;
using testing::made_up;
using testing::read_golden;
using testing::Row;

// The sums are of five terms at most, but two layers and both directions pass errors on.
constexpr double kTolerance = 2e-6;

struct OwnedWeights {
  Row input, input_bias, hidden, hidden_bias;
  [[nodiscard]] RecurrentWeights view(RecurrentCell cell) const {
    return {cell, {input, input_bias}, {hidden, hidden_bias}};
  }
};

RecurrentCell cell_named(const std::string& name) {
  if (name == "gru") return RecurrentCell::gru;
  return name == "lstm" ? RecurrentCell::lstm : RecurrentCell::tanh;
}

OwnedWeights made_up_weights(RecurrentCell cell, std::size_t inputs, std::size_t width, std::uint32_t seed) {
  const std::size_t gates = gate_count(cell) * width;
  return {made_up(gates * inputs, seed), made_up(gates, seed + 1), made_up(gates * width, seed + 2),
          made_up(gates, seed + 3)};
}

constexpr std::array kCells = {RecurrentCell::tanh, RecurrentCell::gru, RecurrentCell::lstm};

// Two layers in both directions, 3 inputs, state of 5: weights made up once for each cell.
struct Bidirectional {
  explicit Bidirectional(RecurrentCell cell) {
    for (std::size_t at = 0; at < 4; ++at) {
      owned.push_back(made_up_weights(cell, at < 2 ? 3 : 10, 5, static_cast<std::uint32_t>(at)));
    }
    for (const OwnedWeights& one : owned) views.push_back(one.view(cell));
  }
  [[nodiscard]] RecurrentOutput run(const Row& rows, const std::vector<std::size_t>& offsets) const {
    return recurrent({views, true}, {rows, offsets}, {}, true);
  }
  std::vector<OwnedWeights> owned;
  std::vector<RecurrentWeights> views;
};

Row part(const Row& rows, std::size_t first, std::size_t count) {
  const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

TEST_CASE("recurrent: tanh, GRU and LSTM stacks in one and both directions give PyTorch's numbers") {
  const auto cases = read_golden("recurrent.json");
  REQUIRE(cases.size() == 6);
  for (const auto& golden : cases) {
    CAPTURE(golden["cell"].dump());
    CAPTURE(golden["bidirectional"].dump());
    const RecurrentCell cell = cell_named(golden["cell"]);
    std::vector<OwnedWeights> owned;
    for (const auto& weights : golden["weights"]) {
      owned.push_back({weights["weight_ih"], weights["bias_ih"], weights["weight_hh"], weights["bias_hh"]});
    }
    std::vector<RecurrentWeights> views;
    for (const OwnedWeights& one : owned) views.push_back(one.view(cell));
    const std::vector<std::size_t> offsets = golden["offsets"];
    const Row x = golden["x"];
    const RecurrentOutput output =
        recurrent({views, golden["bidirectional"]}, {x, offsets}, {golden["initial_h"], golden["initial_c"]});
    check_near(output.states_tdh, golden["states"], kTolerance);
    check_near(output.last.h, golden["last_h"], kTolerance);
    check_near(output.last.c, golden["last_c"], kTolerance);
    CHECK(output.traces.empty());
  }
}

TEST_CASE("recurrent: one step of each cell, by hand") {
  const Row x = {2};
  const Row zero = {0, 0, 0, 0};
  Row h = {0.5F};
  Row c = {};
  RecurrentStep step;
  // tanh(0.25 · 2 + 0.1 + 1 · 0.5 - 0.1) = tanh(1)
  recurrent_step({RecurrentCell::tanh, {Row{0.25F}, Row{0.1F}}, {Row{1}, Row{-0.1F}}}, x, {h, c}, step);
  check_near(h, {0.76159416F}, 1e-6);

  // r = σ(0) = 0.5, z = σ(ln 3) = 0.75, h U_n = 4 · 0.5 = 2, n = tanh(0.5 · 2 + r · 2) = tanh(2)
  h = {0.5F};
  const Row gru_hidden_bias = {0, 1.0986123F, 0};
  recurrent_step({RecurrentCell::gru, {Row{0, 0, 0.5F}, Row{0, 0, 0}}, {Row{0, 0, 4}, gru_hidden_bias}}, x, {h, c},
                 step);
  check_near(step.gates_gh, {0.5F, 0.75F, 0.9640276F}, 1e-6);
  check_near(step.recalled_h, {2}, 1e-6);
  check_near(h, {0.25F * 0.9640276F + 0.75F * 0.5F}, 1e-6);

  // i = σ(0) = 0.5, f = σ(ln 3) = 0.75, g = tanh(1), o = σ(-ln 3) = 0.25; c' = 0.75 · 4 + 0.5 · tanh(1)
  h = {0.5F};
  c = {4};
  const Row lstm_bias = {0, 1.0986123F, 0, -1.0986123F};
  recurrent_step({RecurrentCell::lstm, {Row{0, 0, 0.5F, 0}, lstm_bias}, {zero, zero}}, x, {h, c}, step);
  check_near(step.gates_gh, {0.5F, 0.75F, 0.76159416F, 0.25F}, 1e-6);
  check_near(c, {3.3807971F}, 1e-6);
  check_near(h, {0.25F * 0.9976863F}, 1e-6);
}

TEST_CASE("recurrent: a sequence's states do not depend on the batch, its order, or empty neighbours") {
  for (const RecurrentCell cell : kCells) {
    CAPTURE(static_cast<int>(cell));
    const Bidirectional stack(cell);
    const Row first = made_up(std::size_t{3} * 4, 50);   // 4 tokens
    const Row second = made_up(std::size_t{3} * 2, 60);  // 2 tokens
    Row both = first;
    both.insert(both.end(), second.begin(), second.end());
    Row swapped = second;
    swapped.insert(swapped.end(), first.begin(), first.end());

    const Row alone = stack.run(first, {0, 4}).states_tdh;
    CHECK(part(stack.run(both, {0, 4, 6}).states_tdh, 0, alone.size()) == alone);
    const RecurrentOutput output = stack.run(swapped, {0, 0, 2, 2, 6, 6});
    CHECK(part(output.states_tdh, 2 * 10, alone.size()) == alone);
    CHECK(part(output.last.h, 0, 5) == Row(5));  // an empty sequence ends as it began
  }
}

TEST_CASE("recurrent: a state knows what came before and, backward, what comes after") {
  const Bidirectional stack(RecurrentCell::gru);
  Row x = made_up(std::size_t{3} * 4, 70);
  const RecurrentOutput before = stack.run(x, {0, 4});
  x[3 * 2] += 0.5F;  // token 2
  const RecurrentOutput after = stack.run(x, {0, 4});
  for (std::size_t token = 0; token < 4; ++token) {
    CAPTURE(token);
    const auto same = [&](std::size_t trace) {
      return part(before.traces[trace].states_th, token * 5, 5) == part(after.traces[trace].states_th, token * 5, 5);
    };
    CHECK(same(0) == (token < 2));
    CHECK(same(1) == (token > 2));
  }
}

TEST_CASE("recurrent: steps taken one by one give the bits of the whole sequence, and a run can be continued") {
  for (const RecurrentCell cell : kCells) {
    CAPTURE(static_cast<int>(cell));
    const OwnedWeights owned = made_up_weights(cell, 9, 6, 80);
    const std::array views = {owned.view(cell)};
    const Row x = made_up(std::size_t{9} * 5, 90);
    const std::array<std::size_t, 2> offsets = {0, 5};
    const RecurrentOutput whole = recurrent({views}, {x, offsets}, {}, true);

    Row h(6);
    Row c(cell == RecurrentCell::lstm ? 6 : 0);
    RecurrentStep step;
    for (std::size_t token = 0; token < 5; ++token) {
      recurrent_step(views[0], std::span(x).subspan(token * 9, 9), {h, c}, step);
      CHECK(h == part(whole.states_tdh, token * 6, 6));
      CHECK(step.gates_gh == part(whole.traces[0].gates_tgh, token * step.gates_gh.size(), step.gates_gh.size()));
    }
    CHECK(h == whole.last.h);
    CHECK(c == whole.last.c);

    const std::array<std::size_t, 2> two = {0, 2};
    const std::array<std::size_t, 2> three = {0, 3};
    const RecurrentOutput head = recurrent({views}, {std::span(x).first(18), two});
    const RecurrentOutput tail = recurrent({views}, {std::span(x).subspan(18), three}, head.last);
    CHECK(tail.last.h == whole.last.h);
    CHECK(tail.last.c == whole.last.c);
  }
}

TEST_CASE("recurrent: the trace is enough to compute every state again") {
  const OwnedWeights owned = made_up_weights(RecurrentCell::gru, 3, 4, 7);
  const std::array gru = {owned.view(RecurrentCell::gru)};
  const OwnedWeights owned_lstm = made_up_weights(RecurrentCell::lstm, 3, 4, 8);
  const std::array lstm = {owned_lstm.view(RecurrentCell::lstm)};
  const Row x = made_up(std::size_t{3} * 3, 9);
  const std::array<std::size_t, 2> offsets = {0, 3};
  const RecurrentTrace g = recurrent({gru}, {x, offsets}, {}, true).traces.at(0);
  const RecurrentTrace l = recurrent({lstm}, {x, offsets}, {}, true).traces.at(0);
  for (std::size_t token = 0; token < 3; ++token) {
    for (std::size_t k = 0; k < 4; ++k) {
      const auto gate = [&](const RecurrentTrace& trace, std::size_t count, std::size_t which) {
        return trace.gates_tgh[token * count * 4 + which * 4 + k];
      };
      const float before_g = token == 0 ? 0.0F : g.states_th[(token - 1) * 4 + k];
      const float z = gate(g, 3, 1);
      CHECK(g.states_th[token * 4 + k] == doctest::Approx((1 - z) * gate(g, 3, 2) + z * before_g).epsilon(1e-6));
      const float cell_before = token == 0 ? 0.0F : l.cells_th[(token - 1) * 4 + k];
      const float cell = l.cells_th[token * 4 + k];
      CHECK(cell == doctest::Approx(gate(l, 4, 1) * cell_before + gate(l, 4, 0) * gate(l, 4, 2)).epsilon(1e-6));
      CHECK(l.states_th[token * 4 + k] == doctest::Approx(gate(l, 4, 3) * std::tanh(cell)).epsilon(1e-6));
    }
  }
  CHECK(g.recalled_th.size() == 12);
  CHECK(g.cells_th.empty());
  CHECK(l.recalled_th.empty());
}

}  // namespace attune::nn
