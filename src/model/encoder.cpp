// Opening a model for use, and sharing sequences out among threads. packed_encoder.cpp computes.
#include <algorithm>
#include <cassert>
#include <numeric>

#include "attune/core/file.hpp"
#include "attune/core/work_sharing.hpp"
#include "attune/model.hpp"

#include "model/crew.hpp"
#include "model/kept_memory.hpp"
#include "model/model_file.hpp"
#include "model/packed_encoder.hpp"
#include "model/read_model.hpp"
#include "model/row_steps.hpp"

namespace attune {
namespace {

// Rows below which a thread of its own does not pay.
constexpr std::size_t kFewestRows = 3;

// Tokens up to which a call's memory is kept for the next call: about 40 KB for each with a width of 384.
constexpr std::size_t kShortCall = 64;

struct ModelTokenizer {
  std::unique_ptr<Tokenizer> tokenizer;
  SequenceTemplate sequence;
};

// Our own Unigram vocabulary is XLM-R's: its special pieces are known by number.
Result<ModelTokenizer> open_unigram(const ModelFile& file) {
  auto vocabulary = read_vocabulary(file);
  if (!vocabulary) return vocabulary.error();
  auto tokenizer = UnigramTokenizer::create(std::move(vocabulary).value());
  if (!tokenizer) return Error{ErrorKind::corrupt, tokenizer.error().text};
  const std::int32_t begin = (*tokenizer)->row_of(file.config.begin_id);
  const std::int32_t end = (*tokenizer)->row_of(file.config.end_id);
  if (begin < 0 || end < 0) {
    return Error{ErrorKind::corrupt, "tensor 'tokenizer.kept': the special pieces have no rows"};
  }
  return ModelTokenizer{std::move(tokenizer).value(), SequenceTemplate::roberta(begin, end)};
}

Result<ModelTokenizer> open_tokenizer(const TokenizerSource& source) {
  if (source.own != nullptr) return open_unigram(*source.own);
  if (source.json.empty() && source.vocabulary.empty()) {
    return Error{ErrorKind::not_found, "there is no tokenizer.json and no vocab.txt beside the weights"};
  }
  BertTextOptions text;
  text.lowercase = source.lower_case;
  auto tokenizer =
      source.json.empty() ? parse_bert_vocabulary(source.vocabulary, text) : parse_tokenizer_json(source.json);
  if (!tokenizer) return tokenizer.error();
  SequenceTemplate sequence = (*tokenizer)->sequence_template();
  return ModelTokenizer{std::move(tokenizer).value(), std::move(sequence)};
}

// Sequences in the order in which they are computed: longest first, so that those of a group are alike and no thread
// is left alone with a long one at the end; and where each group starts.
struct Plan {
  std::vector<std::size_t> order;   // [B] indices of sequences
  std::vector<std::size_t> starts;  // [groups + 1] places in `order`
};

Plan plan_groups(std::span<const Encoder::Sequence> sequences, std::size_t threads, std::size_t tokens_at_a_time) {
  Plan plan;
  plan.order.resize(sequences.size());
  std::iota(plan.order.begin(), plan.order.end(), std::size_t{0});
  std::ranges::stable_sort(plan.order, std::greater{}, [&](std::size_t index) { return sequences[index].ids.size(); });
  std::size_t all_tokens = 0;
  for (const Encoder::Sequence& sequence : sequences) all_tokens += sequence.ids.size();
  // Few sequences are cut finer, so that every thread has some.
  const std::size_t wanted = std::min(std::max<std::size_t>(tokens_at_a_time, 1), all_tokens / (2 * threads) + 1);
  plan.starts.push_back(0);
  std::size_t tokens = 0;
  for (std::size_t place = 0; place < plan.order.size(); ++place) {
    tokens += sequences[plan.order[place]].ids.size();
    if (tokens < wanted && place + 1 < plan.order.size()) continue;
    plan.starts.push_back(place + 1);
    tokens = 0;
  }
  return plan;
}

// Where each sequence's first token stands when they are back to back.
std::vector<std::size_t> first_tokens(std::span<const Encoder::Sequence> sequences) {
  std::vector<std::size_t> places;
  std::size_t next = 0;
  for (const Encoder::Sequence& sequence : sequences) {
    places.push_back(next);
    next += sequence.ids.size();
  }
  return places;
}

class FileEncoder final : public Encoder {
 public:
  FileEncoder(ModelDescription description, ModelTokenizer tokenizer, PackedEncoder packed)
      : description_(std::move(description)), tokenizer_(std::move(tokenizer)), packed_(std::move(packed)) {}

  Status encode(std::span<const Sequence> sequences, const BatchOptions& options, std::span<float> out) const override;
  Status classify(std::span<const Sequence> sequences, const BatchOptions& options,
                  std::span<float> out) const override;
  Status hidden_states(std::span<const Sequence> sequences, const BatchOptions& options,
                       std::span<float> out) const override;
  Status encode_with_states(std::span<const Sequence> sequences, const BatchOptions& options, const Tap& tap,
                            std::span<float> out) const override;
  Status states(std::span<const Sequence> sequences, const BatchOptions& options, std::size_t layer,
                std::span<float> out) const override;

  const ModelDescription& description() const override { return description_; }
  const Tokenizer& tokenizer() const override { return *tokenizer_.tokenizer; }
  const SequenceTemplate& sequence_template() const override { return tokenizer_.sequence; }
  double products(std::size_t tokens, bool logits) const override;
  std::size_t weight_bytes() const override { return packed_.weight_bytes(); }

 private:
  Status check(std::span<const Sequence> sequences) const;
  // Numbers that the model gives for one sequence.
  [[nodiscard]] std::size_t numbers_of(const Sequence& sequence, PackedEncoder::Output output) const;
  // What is asked of the layers: `tap` may be null, `layers` of them are run.
  struct Asked {
    PackedEncoder::Output output;
    std::size_t layers = 0;
    const Tap* tap = nullptr;
  };
  [[nodiscard]] Asked all_layers(PackedEncoder::Output output) const { return {output, packed_.steps() - 1, nullptr}; }
  Status check_layer(std::size_t layer) const;
  Status run(std::span<const Sequence> sequences, const BatchOptions& options, const Asked& asked,
             std::span<float> out) const;
  void run_group(std::span<const Sequence> group, const Asked& asked, std::size_t threads, std::span<float> out) const;

  struct GroupMemory {
    PackedEncoder::Rows rows;
    std::vector<PackedEncoder::Scratch> scratch;  // of each thread
  };

  ModelDescription description_;
  ModelTokenizer tokenizer_;
  PackedEncoder packed_;
  mutable KeptMemory<GroupMemory> memory_;  // of short calls; nothing in it outlives a call but its size
  mutable Crew crew_;
};

double FileEncoder::products(std::size_t tokens, bool logits) const {
  const auto width = static_cast<double>(description_.width);
  const auto inner = static_cast<double>(description_.feed_forward);
  const auto layers = static_cast<double>(description_.layers);
  const auto t = static_cast<double>(tokens);
  const double row = 2 * width * width + 2 * width * inner + 2 * width * t;  // all but keys and values
  const double last_rows = logits || packed_.shape().pooling == Pooling::cls ? 1.0 : t;
  return layers * t * 2 * width * width + ((layers - 1) * t + last_rows) * row;
}

Status FileEncoder::check(std::span<const Sequence> sequences) const {
  const auto vocabulary = static_cast<std::int64_t>(packed_.shape().vocabulary);
  const auto types = static_cast<std::int64_t>(std::max<std::size_t>(packed_.shape().token_types, 1));
  const auto bad = [](std::size_t index, const std::string& text) {
    return Error{ErrorKind::bad_input, "sequence " + std::to_string(index + 1) + " " + text};
  };
  for (std::size_t index = 0; index < sequences.size(); ++index) {
    const Sequence& sequence = sequences[index];
    if (sequence.ids.empty()) return bad(index, "has no tokens");
    if (sequence.ids.size() > packed_.shape().positions) {
      return bad(index, "has " + std::to_string(sequence.ids.size()) + " tokens; the model reads " +
                            std::to_string(packed_.shape().positions));
    }
    if (!sequence.types.empty() && sequence.types.size() != sequence.ids.size()) {
      return bad(index, "has another number of token types than tokens");
    }
    const auto outside = [](std::int64_t end) { return [end](std::int32_t id) { return id < 0 || id >= end; }; };
    if (std::ranges::any_of(sequence.ids, outside(vocabulary))) return bad(index, "has an id outside the vocabulary");
    if (std::ranges::any_of(sequence.types, outside(types))) return bad(index, "has a token type the model lacks");
  }
  return {};
}

std::size_t FileEncoder::numbers_of(const Sequence& sequence, PackedEncoder::Output output) const {
  if (output == PackedEncoder::Output::logits) return packed_.labels();
  return description_.width * (output == PackedEncoder::Output::hidden_states ? sequence.ids.size() : 1);
}

// Few sequences for many threads: they share the rows of all of them.
void FileEncoder::run_group(std::span<const Sequence> group, const Asked& asked, std::size_t threads,
                            std::span<float> out) const {
  const Tap* tap = asked.tap;
  std::size_t tokens = 0;
  for (const Sequence& sequence : group) tokens += sequence.ids.size();
  std::unique_ptr<GroupMemory> memory = memory_.take();
  memory->rows.tapped_layer = tap == nullptr ? std::nullopt : std::optional(tap->layer);
  packed_.prepare(group, memory->rows);
  const std::size_t parts = std::clamp<std::size_t>(tokens / kFewestRows, 1, threads);
  memory->scratch.resize(std::max(memory->scratch.size(), parts));
  RowSteps steps(asked.layers + 1, parts);
  crew_.run(parts - 1, [&](std::size_t place) {
    steps.take_part([&](std::size_t step, std::size_t index) {
      const std::size_t first = tokens * index / parts;
      const std::size_t end = tokens * (index + 1) / parts;
      packed_.run_step(step, group, asked.output, {first, end - first}, memory->rows, memory->scratch[place]);
    });
  });
  packed_.finish(group, asked.output, memory->rows, out);
  if (tap != nullptr) std::copy_n(memory->rows.tapped_tw.begin(), tap->states.size(), tap->states.begin());
  if (tokens <= kShortCall) memory_.give_back(std::move(memory));
}

Status FileEncoder::run(std::span<const Sequence> sequences, const BatchOptions& options, const Asked& asked,
                        std::span<float> out) const {
  const PackedEncoder::Output output = asked.output;
  const Tap* tap = asked.tap;
  if (const Status status = check(sequences); !status) return status;
  if (sequences.empty()) return {};
  std::vector<std::size_t> places(sequences.size() + 1, 0);
  for (std::size_t index = 0; index < sequences.size(); ++index) {
    places[index + 1] = places[index] + numbers_of(sequences[index], output);
  }
  assert(out.size() == places.back());
  const std::vector<std::size_t> tapped = tap == nullptr ? std::vector<std::size_t>{} : first_tokens(sequences);
  const std::size_t threads = thread_count(options.threads);
  const Plan plan = plan_groups(sequences, threads, options.tokens_at_a_time);
  const std::size_t groups = plan.starts.size() - 1;
  if (options.stop.stop_requested()) return Error{ErrorKind::cancelled, "the encoder was stopped"};
  if (groups < threads) {
    run_group(sequences, asked, threads, out);
    return {};
  }
  struct Memory {
    PackedEncoder::Rows rows;
    PackedEncoder::Scratch scratch;
    std::vector<Sequence> group;
    std::vector<float> answer;
  };
  share_out<Memory>(groups, threads, options.stop, [&](std::size_t index, Memory& memory) {
    const std::span<const std::size_t> chosen =
        std::span(plan.order).subspan(plan.starts[index], plan.starts[index + 1] - plan.starts[index]);
    memory.group.clear();
    std::size_t numbers = 0;
    std::size_t tokens = 0;
    for (const std::size_t sequence : chosen) {
      memory.group.push_back(sequences[sequence]);
      numbers += numbers_of(sequences[sequence], output);
      tokens += sequences[sequence].ids.size();
    }
    if (tap != nullptr) memory.rows.tapped_layer = tap->layer;
    packed_.prepare(memory.group, memory.rows);
    for (std::size_t step = 0; step <= asked.layers; ++step) {
      packed_.run_step(step, memory.group, output, {0, tokens}, memory.rows, memory.scratch);
    }
    memory.answer.resize(numbers);
    packed_.finish(memory.group, output, memory.rows, memory.answer);
    const float* from = memory.answer.data();
    for (const std::size_t sequence : chosen) {
      const std::size_t count = places[sequence + 1] - places[sequence];
      std::copy(from, from + count, out.data() + places[sequence]);
      from += count;
    }
    if (tap == nullptr) return;
    const float* state = memory.rows.tapped_tw.data();
    for (const std::size_t sequence : chosen) {
      const std::size_t count = sequences[sequence].ids.size() * description_.width;
      std::copy(state, state + count, tap->states.data() + tapped[sequence] * description_.width);
      state += count;
    }
  });
  if (options.stop.stop_requested()) return Error{ErrorKind::cancelled, "the encoder was stopped"};
  return {};
}

Status FileEncoder::encode(std::span<const Sequence> sequences, const BatchOptions& options,
                           std::span<float> out) const {
  return run(sequences, options, all_layers(PackedEncoder::Output::vectors), out);
}

Status FileEncoder::classify(std::span<const Sequence> sequences, const BatchOptions& options,
                             std::span<float> out) const {
  if (packed_.labels() == 0) {
    return Error{ErrorKind::unsupported, description_.name + " has no sequence-classification head"};
  }
  return run(sequences, options, all_layers(PackedEncoder::Output::logits), out);
}

Status FileEncoder::hidden_states(std::span<const Sequence> sequences, const BatchOptions& options,
                                  std::span<float> out) const {
  return run(sequences, options, all_layers(PackedEncoder::Output::hidden_states), out);
}

Status FileEncoder::check_layer(std::size_t layer) const {
  // The last layer of a model that reads the first token alone has no other rows.
  const std::size_t layers = description_.layers - (packed_.shape().pooling == Pooling::cls ? 1 : 0);
  if (layer <= layers) return {};
  return Error{ErrorKind::bad_input, description_.name + " has states of the layers 0 to " + std::to_string(layers)};
}

Status FileEncoder::encode_with_states(std::span<const Sequence> sequences, const BatchOptions& options, const Tap& tap,
                                       std::span<float> out) const {
  if (const Status status = check_layer(tap.layer); !status) return status;
  Asked asked = all_layers(PackedEncoder::Output::vectors);
  asked.tap = &tap;
  return run(sequences, options, asked, out);
}

Status FileEncoder::states(std::span<const Sequence> sequences, const BatchOptions& options, std::size_t layer,
                           std::span<float> out) const {
  if (const Status status = check_layer(layer); !status) return status;
  return run(sequences, options, {PackedEncoder::Output::hidden_states, layer, nullptr}, out);
}

}  // namespace

Result<std::unique_ptr<Encoder>> Encoder::open(const std::filesystem::path& path, const EncoderOptions& options) {
  auto parts = read_model(path);
  if (!parts) return parts.error();
  // The vocabulary and the weights take about equally long; with more than one thread they are made at the same time.
  const std::size_t threads = thread_count(options.threads);
  PackedEncoder packed;
  auto tokenizer = Result<ModelTokenizer>(ModelTokenizer{});
  share_out<int>(2, threads, {}, [&](std::size_t part, int&) {
    if (part == 0 && options.with_tokenizer) tokenizer = open_tokenizer(parts->tokenizer);
    if (part == 1) packed = PackedEncoder::pack(parts->weights, options.precision, threads);
  });
  if (!tokenizer) return tokenizer.error().while_doing("'" + to_utf8(path) + "'");
  const std::size_t rows = parts->weights.shape.vocabulary;
  if (options.with_tokenizer && static_cast<std::size_t>(tokenizer->tokenizer->vocabulary_size()) > rows) {
    const std::string token(tokenizer->tokenizer->piece(static_cast<std::int32_t>(rows)));
    return Error{ErrorKind::corrupt, "'" + to_utf8(path) + "': token '" + token + "' has id " + std::to_string(rows) +
                                         ", the table of words has " + std::to_string(rows) + " rows"};
  }
  parts->mapped->forget_pages();
  return std::unique_ptr<Encoder>(
      std::make_unique<FileEncoder>(std::move(parts->description), std::move(tokenizer).value(), std::move(packed)));
}

}  // namespace attune
