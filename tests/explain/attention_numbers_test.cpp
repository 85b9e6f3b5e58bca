// Every number that is shown, computed again in FP64 from the weights by the plainest code there is.
#include <algorithm>
#include <cmath>
#include <vector>

#include "attune/nn.hpp"

#include "explain/shipped_explainer.hpp"

namespace attune {
namespace {

using testing::explained;
using testing::kEnglish;
using testing::request_for;
using Json = nlohmann::json;
using Numbers = std::vector<double>;

// FP32 sums of 384 products lie this near to FP64 ones.
constexpr double kTolerance = 2e-5;

void check_near(const Json& shown, const Numbers& wanted) {
  REQUIRE(shown.size() == wanted.size());
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    CAPTURE(index);
    REQUIRE(std::abs(shown[index].get<double>() - wanted[index]) <=
            kTolerance * std::max(1.0, std::abs(wanted[index])));
  }
}

Numbers project(const AttentionProjections::Projection& linear, const Numbers& x) {
  Numbers y(linear.bias.begin(), linear.bias.end());
  for (std::size_t row = 0; row < y.size(); ++row) {
    for (std::size_t column = 0; column < x.size(); ++column) {
      y[row] += static_cast<double>(linear.weight[row * x.size() + column]) * x[column];
    }
  }
  return y;
}

Numbers part(const Numbers& all, std::size_t head, std::size_t width) {
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(head * width);
  return {first, first + static_cast<std::ptrdiff_t>(width)};
}

// One layer in FP64: from what it reads to what attention adds.
struct PlainLayer {
  std::vector<Numbers> x, q, k, v;  // [T][W]
  std::size_t heads = 0, head_width = 0;
  const AttentionProjections projections;

  PlainLayer(const std::vector<float>& x_tw, std::size_t tokens, std::size_t head_count, AttentionProjections matrices)
      : heads(head_count), projections(std::move(matrices)) {
    const std::size_t width = x_tw.size() / tokens;
    head_width = width / heads;
    for (std::size_t token = 0; token < tokens; ++token) {
      const auto first = x_tw.begin() + static_cast<std::ptrdiff_t>(token * width);
      x.emplace_back(first, first + static_cast<std::ptrdiff_t>(width));
      q.push_back(project(projections.query, x.back()));
      k.push_back(project(projections.key, x.back()));
      v.push_back(project(projections.value, x.back()));
    }
  }
  [[nodiscard]] double score(std::size_t head, std::size_t i, std::size_t j) const {
    double sum = 0;
    for (std::size_t d = head * head_width; d < (head + 1) * head_width; ++d) sum += q[i][d] * k[j][d];
    return sum;
  }
  [[nodiscard]] double divisor() const { return std::sqrt(static_cast<double>(head_width)); }
  [[nodiscard]] Numbers weights(std::size_t head, std::size_t i) const {
    Numbers row;
    double sum = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      row.push_back(std::exp(score(head, i, j) / divisor()));
      sum += row.back();
    }
    for (double& weight : row) weight /= sum;
    return row;
  }
  [[nodiscard]] Numbers z(std::size_t head, std::size_t i) const {
    const Numbers row = weights(head, i);
    Numbers sum(head_width);
    for (std::size_t j = 0; j < x.size(); ++j) {
      for (std::size_t d = 0; d < head_width; ++d) sum[d] += row[j] * v[j][head * head_width + d];
    }
    return sum;
  }
  [[nodiscard]] Numbers concatenated(std::size_t i) const {
    Numbers all;
    for (std::size_t head = 0; head < heads; ++head) {
      const Numbers one = z(head, i);
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }
};

const AttentionTracer& tracer() {
  static const auto opened = AttentionTracer::open(ATTUNE_SOURCE_DIR "/models/embedder");
  REQUIRE(opened);
  return **opened;
}

std::vector<std::int32_t> ids_of(const AttentionExplanation& explanation) {
  std::vector<std::int32_t> ids;
  for (const ExplainedToken& token : explanation.tokens) ids.push_back(token.id);
  return ids;
}

}  // namespace

TEST_CASE("explanation: every number in the JSON can be computed again from the weights") {
  AttentionRequest request = request_for(kEnglish, "it");
  request.links = {{"it", "animal"}};
  for (const std::size_t layer : {1, 9}) {
    request.layer = layer;
    const AttentionExplanation explanation = explained(request);
    const Json json = Json::parse(attention_json(explanation));
    const std::size_t token = json["chosen"]["token"].get<std::size_t>() - 1;
    const std::size_t head = json["chosen"]["head"].get<std::size_t>() - 1;
    REQUIRE(json["chosen"]["layer"] == layer);
    const std::size_t tokens = json["tokens"].size();
    const PlainLayer plain(explanation.trace.x_tw, tokens, json["model"]["heads"], tracer().projections(layer - 1));
    REQUIRE(json["model"]["head_width"] == plain.head_width);

    const Json& steps = json["steps"];
    check_near(steps["x"], plain.x[token]);
    check_near(steps["q"], part(plain.q[token], head, plain.head_width));
    check_near(steps["k"], part(plain.k[token], head, plain.head_width));
    check_near(steps["v"], part(plain.v[token], head, plain.head_width));
    check_near(Json::array({steps["divisor"]}), {plain.divisor()});
    const Numbers weights = plain.weights(head, token);
    REQUIRE(steps["against"].size() == tokens);
    for (std::size_t j = 0; j < tokens; ++j) {
      const Json& against = steps["against"][j];
      CHECK(against["token"] == j + 1);
      check_near(against["k"], part(plain.k[j], head, plain.head_width));
      const double score = plain.score(head, token, j);
      check_near(Json::array({against["score"], against["scaled"], against["weight"]}),
                 {score, score / plain.divisor(), weights[j]});
      Numbers value = part(plain.v[j], head, plain.head_width);
      check_near(against["v"], value);
      for (double& number : value) number *= weights[j];
      check_near(against["weighted_value"], value);
    }
    check_near(steps["z"], plain.z(head, token));
    REQUIRE(json["matrix"]["weights"].size() == tokens);
    REQUIRE(json["matrix"]["z"].size() == tokens);
    for (std::size_t i = 0; i < tokens; ++i) {
      check_near(json["matrix"]["weights"][i], plain.weights(head, i));
      check_near(json["matrix"]["z"][i], plain.z(head, i));
    }
    REQUIRE(json["heads"].size() == plain.heads);
    for (std::size_t h = 0; h < plain.heads; ++h) {
      check_near(json["heads"][h]["z"], plain.z(h, token));
      for (std::size_t i = 0; i < tokens; ++i) check_near(json["heads"][h]["weights"][i], plain.weights(h, i));
    }
    check_near(json["concatenated"], plain.concatenated(token));
    check_near(json["output"], project(plain.projections.output, plain.concatenated(token)));
  }
}

TEST_CASE("explanation: every link's weights, and what other tokens give, can be computed again from the weights") {
  AttentionRequest request = request_for(kEnglish);
  request.links = {{"it", "animal"}, {"didn't", "street"}};
  const AttentionExplanation explanation = explained(request);
  const Json json = Json::parse(attention_json(explanation));
  const std::size_t tokens = json["tokens"].size();
  std::vector<PlainLayer> layers;
  tracer().trace(ids_of(explanation), [&](std::size_t layer, const LayerTrace& trace) {
    layers.emplace_back(trace.x_tw, trace.tokens, trace.heads, tracer().projections(layer));
  });
  for (const Json& link : json["links"]) {
    const std::vector<std::size_t> from = link["from"]["tokens"], to = link["to"]["tokens"];
    check_near(Json::array({link["even"]}), {static_cast<double>(to.size()) / static_cast<double>(tokens)});
    REQUIRE(link["heads"].size() == 144);
    std::size_t strongest_in = 0;
    for (const Json& head : link["heads"]) {
      const PlainLayer& layer = layers[head["layer"].get<std::size_t>() - 1];
      const auto given = [&](std::size_t number) {
        const Numbers row = layer.weights(head["head"].get<std::size_t>() - 1, number - 1);
        double sum = 0;
        for (const std::size_t j : to) sum += row[j - 1];
        return sum;
      };
      const auto is_in = [](const std::vector<std::size_t>& all, std::size_t one) {
        return std::find(all.begin(), all.end(), one) != all.end();
      };
      double weight = 0;
      for (const std::size_t i : from) weight += given(i) / static_cast<double>(from.size());
      double others = 0;
      std::size_t counted = 0;
      for (std::size_t i = 2; i < tokens; ++i) {  // 1 and the last are special
        if (is_in(from, i) || is_in(to, i)) continue;
        others += given(i);
        ++counted;
      }
      check_near(Json::array({head["weight"], head["others"]}), {weight, others / static_cast<double>(counted)});
      strongest_in += is_in(to, head["strongest"]) ? 1 : 0;
    }
    CHECK(link["strongest_in"] == strongest_in);
  }
}

TEST_CASE("trace: all layers together end where the fast encoder ends") {
  const auto encoder = Encoder::open(ATTUNE_SOURCE_DIR "/models/embedder", {.precision = nn::Precision::f32});
  REQUIRE(encoder);
  for (const char* text : {kEnglish, testing::kChinese, "Thinking Machines"}) {
    const AttentionExplanation explanation = explained(request_for(text));
    const auto ids = ids_of(explanation);
    std::size_t layers = 0;
    const auto last_tw = tracer().trace(ids, [&](std::size_t layer, const LayerTrace&) { CHECK(layer == layers++); });
    CHECK(layers == (*encoder)->description().layers);
    std::vector<float> pooled(explanation.trace.width);
    std::vector<float> wanted(explanation.trace.width);
    nn::mean_pool(last_tw, false, pooled);
    nn::to_unit_length(pooled);
    const Encoder::Sequence sequence = {ids, {}};
    REQUIRE((*encoder)->encode({&sequence, 1}, {}, wanted));
    for (std::size_t index = 0; index < pooled.size(); ++index) {
      REQUIRE(std::abs(pooled[index] - wanted[index]) < 1e-6F);
    }
  }
}

}  // namespace attune
