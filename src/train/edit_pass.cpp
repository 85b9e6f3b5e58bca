#include "train/edit_pass.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "attune/core/dot_product.hpp"
#include "attune/core/work_sharing.hpp"
#include "attune/nn/losses.hpp"

namespace attune::train {
namespace {

nn::LinearWeights view(const LayerSpans<const float>::Linear& linear) {
  return {linear.weight, linear.bias};
}

// -log of the probability that a logit gives to `right`; d is its derivative.
double binary_loss(float logit, bool right, float& d) {
  const double z = right ? static_cast<double>(logit) : -static_cast<double>(logit);
  const double p = 1 / (1 + std::exp(-z));
  d = static_cast<float>(right ? p - 1 : 1 - p);
  return z > 0 ? std::log1p(std::exp(-z)) : std::log1p(std::exp(z)) - z;
}

// -log Σ of the probabilities of `right` among softmax(scores); d is its derivative, `best` the likeliest of them.
double any_of_loss(std::span<const float> scores, std::span<const std::size_t> right, std::span<float> d) {
  const float highest = *std::ranges::max_element(scores);
  double all = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    d[i] = std::exp(scores[i] - highest);
    all += static_cast<double>(d[i]);
  }
  double found = 0;
  for (const std::size_t i : right) found += static_cast<double>(d[i]);
  found = std::max(found, 1e-30);
  std::vector<float> share;
  for (const std::size_t i : right) share.push_back(static_cast<float>(static_cast<double>(d[i]) / found));
  for (float& number : d) number = static_cast<float>(static_cast<double>(number) / all);
  for (std::size_t i = 0; i < right.size(); ++i) d[right[i]] -= share[i];
  return std::log(all) - std::log(found);
}

}  // namespace

void TrainableEdit::pack(const EditShape& shape, std::span<const float> weights, std::size_t threads) {
  layers.resize(shape.upper_layers);
  share_out<int>(layers.size() + 1, threads, {}, [&](std::size_t index, int&) {
    if (index < layers.size()) {
      layers[index].pack(edit_layer(shape, index, weights));
      return;
    }
    const auto heads = edit_heads(shape, weights);
    start_query.pack(view(heads.start_query));
    start_key.pack(view(heads.start_key));
    end_slot.pack(view(heads.end_slot));
    end_start.pack(view(heads.end_start));
    end_key.pack(view(heads.end_key));
    before.pack(view(heads.before));
    after.pack(view(heads.after));
  });
}

void EditPass::read(std::span<const EditExample> examples) {
  const std::size_t width = shape_.layer.width;
  const auto heads = edit_heads(shape_, weights_);
  sequences_.clear();
  rows_.clear();
  until_.clear();
  copies_.clear();
  slots_.rows.clear();
  sources_.rows.clear();
  until_.reserve(examples.size());
  std::vector<float>& x = layers_.front().input_kw;
  x.clear();
  for (const EditExample& example : examples) {
    const std::size_t first = rows_.size();
    sequences_.push_back({first, example.rows.size(), first, example.rows.size()});
    rows_.insert(rows_.end(), example.rows.begin(), example.rows.end());
    x.insert(x.end(), example.states.begin(), example.states.end());
    until_.push_back(copy_limits(example.rows));
    std::vector<std::size_t> slots;
    const std::size_t first_source = sources_.rows.size();
    const bool copies = !example.targets->insertions.empty();
    for (std::size_t row = 0; row < example.rows.size(); ++row) {
      const EditRow::Kind kind = example.rows[row].kind;
      if (kind == EditRow::Kind::history && copies) sources_.rows.push_back(first + row);
      if (kind == EditRow::Kind::question || kind == EditRow::Kind::end) slots.push_back(first + row);
    }
    for (const EditTargets::Insertion& insertion : example.targets->insertions) {
      copies_.push_back({.row = slots_.rows.size(),
                         .first_source = first_source,
                         .sources = sources_.rows.size() - first_source,
                         .until = until_.back(),
                         .target = &insertion});
      slots_.rows.push_back(slots[insertion.slot]);
    }
  }
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (std::size_t i = 0; i < width; ++i) {
      x[row * width + i] += heads.turns[rows_[row].turn * width + i] + heads.places[rows_[row].place * width + i];
    }
  }
}

void EditPass::run_layers(const LayerDropout& dropout) {
  for (std::size_t layer = 0; layer < shape_.upper_layers; ++layer) {
    LayerPass& pass = layers_[layer];
    if (layer > 0) pass.input_kw.swap(out_rw_);
    const auto spans = edit_layer(shape_, layer, weights_);
    pass.forward({shape_.layer, packed_->layers[layer], spans, sequences_, dropout, layer}, out_rw_, scratch_);
  }
}

void EditPass::gather(Gathered& to) const {
  const std::size_t width = shape_.layer.width;
  to.x.resize(to.rows.size() * width);
  to.d_x.assign(to.x.size(), 0.0F);
  for (std::size_t i = 0; i < to.rows.size(); ++i) {
    std::copy_n(out_rw_.data() + to.rows[i] * width, width, to.x.data() + i * width);
  }
}

void EditPass::project(const nn::TrainableLinear& head, const Gathered& from, Projected& to) {
  to.y.resize(from.rows.size() * head.forward.out());
  to.d_y.assign(to.y.size(), 0.0F);
  if (!from.rows.empty()) nn::linear(head.forward, from.x, scratch_, to.y);
}

void EditPass::project_back(const nn::TrainableLinear& head, const LayerSpans<float>::Linear& to, Gathered& from,
                            const Projected& out) {
  if (from.rows.empty()) return;
  nn::linear_backward({head.backward, from.x, out.d_y, from.d_x, {to.weight, to.bias}}, backward_scratch_);
}

// Deletions and insertions: a logit for each row.
double EditPass::decide(std::span<const EditExample> examples, const EditHeadSpans<float>* gradients) {
  const std::size_t width = shape_.layer.width;
  const auto heads = edit_heads(shape_, weights_);
  double loss = 0;
  const auto judge = [&](std::size_t row, const LayerSpans<const float>::Linear& head, bool right,
                         const LayerSpans<float>::Linear* to) {
    const auto x = std::span<const float>(out_rw_).subspan(row * width, width);
    float d = 0;
    loss += binary_loss(dot_product(x, head.weight) + head.bias[0], right, d);
    if (to == nullptr) return;
    to->bias[0] += d;
    for (std::size_t i = 0; i < width; ++i) {
      to->weight[i] += d * x[i];
      d_out_rw_[row * width + i] += d * head.weight[i];
    }
  };
  std::size_t first = 0;
  for (const EditExample& example : examples) {
    const EditTargets& targets = *example.targets;
    std::size_t slot = 0;
    for (std::size_t row = first; row < first + example.rows.size(); ++row) {
      const EditRow::Kind kind = rows_[row].kind;
      if (kind != EditRow::Kind::question && kind != EditRow::Kind::end) continue;
      const bool inserts =
          std::ranges::any_of(targets.insertions, [&](const auto& insertion) { return insertion.slot == slot; });
      judge(row, heads.insert, inserts, gradients == nullptr ? nullptr : &gradients->insert);
      if (kind == EditRow::Kind::question) {
        judge(row, heads.remove, targets.remove[slot], gradients == nullptr ? nullptr : &gradients->remove);
      }
      ++slot;
    }
    first += example.rows.size();
  }
  return loss;
}

double EditPass::point_starts() {
  const std::size_t width = shape_.layer.width;
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  double loss = 0;
  for (Copy& copy : copies_) {
    const auto asked = std::span(asked_.y).subspan(copy.row * width, width);
    std::vector<float> scores(copy.sources);
    std::vector<float> d(copy.sources);
    for (std::size_t source = 0; source < copy.sources; ++source) {
      scores[source] =
          scale * dot_product(asked, std::span(keys_.y).subspan((copy.first_source + source) * width, width));
    }
    std::vector<std::size_t> right;
    for (const auto& span : copy.target->spans) right.push_back(span.first);
    loss += any_of_loss(scores, right, d);
    const auto best =
        std::ranges::max_element(copy.target->spans, {}, [&](const auto& span) { return scores[span.first]; });
    copy.start = best->first;
    copy.end = best->second;
    for (std::size_t source = 0; source < copy.sources; ++source) {
      const float slope = scale * d[source];
      const std::size_t key = (copy.first_source + source) * width;
      for (std::size_t i = 0; i < width; ++i) {
        asked_.d_y[copy.row * width + i] += slope * keys_.y[key + i];
        keys_.d_y[key + i] += slope * asked[i];
      }
    }
  }
  return loss;
}

double EditPass::point_ends() {
  const std::size_t width = shape_.layer.width;
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  double loss = 0;
  std::vector<float> asked(width);
  for (const Copy& copy : copies_) {
    const std::size_t place = copy.row * width;  // starts_ has a row for each copy as slots_ has
    for (std::size_t i = 0; i < width; ++i) asked[i] = end_slot_.y[place + i] + end_start_.y[place + i];
    const std::size_t count = copy.until[copy.start] - copy.start;
    std::vector<float> scores(count);
    std::vector<float> d(count);
    const auto key_of = [&](std::size_t index) { return (copy.first_source + copy.start + index) * width; };
    for (std::size_t index = 0; index < count; ++index) {
      scores[index] = scale * dot_product(asked, std::span(end_key_.y).subspan(key_of(index), width));
    }
    const std::size_t right = copy.end - copy.start;
    loss += any_of_loss(scores, std::span(&right, 1), d);
    for (std::size_t index = 0; index < count; ++index) {
      const float slope = scale * d[index];
      for (std::size_t i = 0; i < width; ++i) {
        const float share = slope * end_key_.y[key_of(index) + i];
        end_slot_.d_y[place + i] += share;
        end_start_.d_y[place + i] += share;
        end_key_.d_y[key_of(index) + i] += slope * asked[i];
      }
    }
  }
  return loss;
}

double EditPass::choose_glue() {
  double loss = 0;
  const auto choose = [&](Projected& head, std::size_t row, std::size_t right) {
    loss += any_of_loss(std::span(head.y).subspan(row * shape_.glue, shape_.glue), std::span(&right, 1),
                        std::span(head.d_y).subspan(row * shape_.glue, shape_.glue));
  };
  for (const Copy& copy : copies_) {
    choose(before_, copy.row, copy.target->before);
    choose(after_, copy.row, copy.target->after);
  }
  return loss;
}

void EditPass::copy_backward(const EditHeadSpans<float>& gradients) {
  project_back(packed_->start_query, gradients.start_query, slots_, asked_);
  project_back(packed_->end_slot, gradients.end_slot, slots_, end_slot_);
  project_back(packed_->before, gradients.before, slots_, before_);
  project_back(packed_->after, gradients.after, slots_, after_);
  project_back(packed_->start_key, gradients.start_key, sources_, keys_);
  project_back(packed_->end_key, gradients.end_key, sources_, end_key_);
  project_back(packed_->end_start, gradients.end_start, starts_, end_start_);
  const std::size_t width = shape_.layer.width;
  for (const Gathered* part : {&slots_, &sources_, &starts_}) {
    for (std::size_t i = 0; i < part->rows.size(); ++i) {
      float* to = d_out_rw_.data() + part->rows[i] * width;
      for (std::size_t j = 0; j < width; ++j) to[j] += part->d_x[i * width + j];
    }
  }
}

void EditPass::layers_backward(const LayerDropout& dropout, std::span<float> gradient) {
  const std::size_t width = shape_.layer.width;
  std::vector<float> d_input;
  for (std::size_t layer = shape_.upper_layers; layer-- > 0;) {
    const auto spans = edit_layer(shape_, layer, weights_);
    d_input.assign(d_out_rw_.size(), 0.0F);
    layers_[layer].backward({shape_.layer, packed_->layers[layer], spans, sequences_, dropout, layer}, d_out_rw_,
                            d_input, false, edit_layer(shape_, layer, gradient), backward_scratch_);
    std::ranges::transform(d_out_rw_, d_input, d_out_rw_.begin(), std::plus{});
  }
  const auto heads = edit_heads(shape_, gradient);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (std::size_t i = 0; i < width; ++i) {
      heads.turns[rows_[row].turn * width + i] += d_out_rw_[row * width + i];
      heads.places[rows_[row].place * width + i] += d_out_rw_[row * width + i];
    }
  }
}

double EditPass::run(const EditShape& shape, const TrainableEdit& packed, std::span<const float> weights,
                     std::span<const EditExample> examples, const LayerDropout& dropout, std::span<float> gradient) {
  if (examples.empty()) return 0;
  shape_ = shape;
  packed_ = &packed;
  weights_ = weights;
  layers_.resize(shape.upper_layers);
  read(examples);
  run_layers(dropout);
  d_out_rw_.assign(out_rw_.size(), 0.0F);
  const bool learns = !gradient.empty();
  const auto gradients = learns ? edit_heads(shape_, gradient) : EditHeadSpans<float>{};
  double loss = decide(examples, learns ? &gradients : nullptr);
  gather(slots_);
  gather(sources_);
  project(packed.start_query, slots_, asked_);
  project(packed.start_key, sources_, keys_);
  loss += point_starts();
  starts_.rows.clear();
  for (const Copy& copy : copies_) starts_.rows.push_back(sources_.rows[copy.first_source + copy.start]);
  gather(starts_);
  project(packed.end_slot, slots_, end_slot_);
  project(packed.end_start, starts_, end_start_);
  project(packed.end_key, sources_, end_key_);
  loss += point_ends();
  project(packed.before, slots_, before_);
  project(packed.after, slots_, after_);
  loss += choose_glue();
  if (!learns) return loss;
  copy_backward(gradients);
  layers_backward(dropout, gradient);
  return loss;
}

}  // namespace attune::train
