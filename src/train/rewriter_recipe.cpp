// A rewriter's recipe out of its file and back.
#include "train/rewriter_recipe.hpp"

#include "attune/core/file.hpp"
#include "attune/model/sequence.hpp"
#include "attune/train/rewriter.hpp"

#include "train/recipe_reading.hpp"
#include "train/schema_writing.hpp"
#include "train/stated_rows.hpp"

namespace attune::train {

template <typename Fields>
void describe(Fields& fields, RewriterData& data) {
  fields.choice("maker", data.maker,
                Names{"rewrites", "complete", "shuffled", "stranger", "paragraphs", "to-english", "to-chinese"},
                "who makes rows of it");
  fields.text("path", data.path, "a file, from the folder of the training data or absolute");
  fields.text("behind", data.behind, "of \"stranger\": a file of rewrites, whose histories stand before the questions");
  fields.number("weight", data.weight, 0, 100, "how often an epoch sees each row");
  fields.size("limit", data.limit, 0, 10'000'000, "take only so many rows; 0: all");
}

template <typename Fields>
void describe(Fields& fields, RewriterLayers& model) {
  fields.text("start", model.start, "folder of the encoder to start from; \"\": the embedder that ships");
  fields.size("lower_layers", model.lower_layers, 0, 64, "layers that stay as they are");
  fields.size("upper_layers", model.upper_layers, 1, 64, "layers that learn");
}

template <typename Fields>
void describe(Fields& fields, RewriterSequence& sequence) {
  fields.flag("reads_encoder", sequence.reads_encoder, "also what the encoder's lower layers say of each word");
  fields.flag("copies", sequence.copies, "may copy words of the source; an rnn cannot");
  fields.size("width", sequence.width, 2, 4096, "of all states; even");
  fields.size("heads", sequence.heads, 1, 64, "of a transformer");
  fields.size("feed_forward", sequence.feed_forward, 1, 16'384, "width inside a transformer's feed-forward parts");
  fields.size("encoder_layers", sequence.encoder_layers, 1, 64, "of a transformer");
  fields.size("decoder_layers", sequence.decoder_layers, 1, 64, "of a transformer");
  fields.size("least_count", sequence.least_count, 1, 1'000'000, "rarer words are unknown");
  fields.size("source_words", sequence.source_words, 4, 100'000, "of the vocabulary that is read, at most");
  fields.size("target_words", sequence.target_words, 4, kMostSequenceWords, "of the one that is written, at most");
  fields.number("smoothing", sequence.smoothing, 0, 0.9, "of targets, where nothing is copied");
}

template <typename Fields>
void describe(Fields& fields, RewriterOptimiser& optimiser) {
  fields.number("learning_rate", optimiser.learning_rate, 0, 1, "the highest, after the warm-up");
  fields.number("floor", optimiser.floor, 0, 1, "what is left of it at the last step, as a share");
  fields.number("head_rate", optimiser.head_rate, 0, 10'000, "the new heads' learning rate, times the layers'");
  fields.number("weight_decay", optimiser.weight_decay, 0, 1, "of matrices, decoupled");
  fields.number("clip", optimiser.clip, 0, 1e6, "largest norm of all gradients together; 0: no bound");
  fields.number("dropout", optimiser.dropout, 0, 0.9, "share of activations left out");
  fields.number("average_decay", optimiser.average_decay, 0, 0.999999, "of a moving average of weights; 0: none");
}

template <typename Fields>
void describe(Fields& fields, RewriterSchedule& schedule) {
  constexpr std::size_t kMany = 100'000'000;
  fields.size("epochs", schedule.epochs, 1, 1000, "over all rows");
  fields.size("warm_up", schedule.warm_up, 0, kMany, "steps until the full learning rate");
  fields.size("rows_per_step", schedule.rows_per_step, 1, 1'000'000, "units of text and marks, over all lanes");
  fields.size("lanes", schedule.lanes, 1, 256, "parts of a step that may be computed side by side");
  fields.size("measure_every", schedule.measure_every, 1, kMany, "steps");
  fields.size("measured_rows", schedule.measured_rows, 1, 1'000'000, "held out, of each source");
  fields.size("checkpoint_seconds", schedule.checkpoint_seconds, 1, 86'400, "between checkpoints");
}

template <typename Fields>
void describe(Fields& fields, RewriterRecipe& recipe) {
  fields.text("name", recipe.name, "of what it trains");
  fields.size("seed", recipe.seed, 0, std::size_t{1} << 53U, "of everything that is drawn");
  fields.number("held_out", recipe.held_out, 0, 0.5, "share of the conversations");
  fields.list("data", recipe.data, "sources of rows, at least one");
  fields.choice("architecture", recipe.architecture, Names{"edits", "rnn", "rnn-attention", "transformer"},
                "how a rewrite is made");
  fields.texts("glue", recipe.glue, "short words that may stand beside a copied span");
  fields.section("model", recipe.model, "what is trained");
  fields.section("sequence", recipe.sequence, "what is trained, where words are written one by one");
  fields.section("optimiser", recipe.optimiser, "how weights are changed");
  fields.section("schedule", recipe.schedule, "when what happens");
}

Status check_rewriter_recipe(const RewriterRecipe& recipe) {
  if (recipe.data.empty()) return Error{ErrorKind::bad_input, "\"data\" must name at least one source of rows"};
  for (std::size_t i = 0; i < recipe.data.size(); ++i) {
    const RewriterData& data = recipe.data[i];
    const std::string place = "data[" + std::to_string(i) + "]";
    if (is_translation(data) && recipe.architecture == "edits") {
      return Error{ErrorKind::bad_input, place + ": edits cannot translate; another \"architecture\" can"};
    }
    if (data.path.empty()) return Error{ErrorKind::bad_input, place + ".path must name a file"};
    if ((data.maker == "stranger") == data.behind.empty()) {
      return Error{ErrorKind::bad_input,
                   place + ".behind must name a file of rewrites for \"stranger\", and only there"};
    }
    for (const std::string& path : {data.path, data.behind}) {
      if (path.empty()) continue;
      if (const Status fine = check_training_path(path); !fine) return fine.error().while_doing(place);
    }
  }
  const RewriterSequence& sequence = recipe.sequence;
  if (sequence.width % 2 != 0 || sequence.width % sequence.heads != 0) {
    return Error{ErrorKind::bad_input, "sequence.width must be even and a multiple of sequence.heads"};
  }
  for (const std::string& word : recipe.glue) {
    if (word.empty() || word.find('\n') != word.npos) return Error{ErrorKind::bad_input, "a short word is empty"};
  }
  return {};
}

Result<RewriterRecipe> parse_rewriter_recipe(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return Error{ErrorKind::bad_input, "a recipe must be JSON"};
  RewriterRecipe recipe;
  if (const Status read = RecipeReading::read(json, "", recipe); !read) return read.error();
  if (const Status fine = check_rewriter_recipe(recipe); !fine) return fine.error();
  return recipe;
}

Result<RewriterRecipe> read_rewriter_recipe(const std::filesystem::path& file) {
  const auto text = read_file(file, kLargestRecipe);
  if (!text) return text.error();
  auto recipe = parse_rewriter_recipe(*text);
  if (!recipe) return recipe.error().while_doing("'" + to_utf8(file) + "'");
  return recipe;
}

std::string rewriter_recipe_to_json(const RewriterRecipe& recipe, int indent) {
  RewriterRecipe copy = recipe;  // describe() takes what can be read into
  return RecipeWriting::written(copy).dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string rewriter_recipe_schema() {
  return schema_of<RewriterRecipe>(
      "A recipe of attune train rewriter",
      "Everything that decides what training gives. See include/attune/train/rewriter.hpp.");
}

}  // namespace attune::train
