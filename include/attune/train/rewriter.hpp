// Training a rewriter: from rewritten questions to a file of edit layers that stands beside the embedder's, or to a
// sequence model that writes word by word.
//
// For edits each row becomes edits of its question (attune/rewrite/edits.hpp): what goes, and which spans of the
// conversation come in. Rows whose rewrite says what nobody said before are left out. What the embedder's frozen lower
// layers say of each conversation is computed once, then the steps run over the layers above. Deterministic: recipe,
// data and embedder give the same file to the bit, whatever the number of threads, and after a stop. Sequence models
// (attune/model/sequence.hpp) learn from every row, and from sentences with their translations as well.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/train/reranker.hpp"

namespace attune::train {

struct RewriterData {
  // "rewrites": questions and what people made of them. "complete": what people made of them as questions, to be left
  // as they are; "shuffled": the same behind the history of another row. "paragraphs": neighbouring questions of a file
  // of groups, where the second leaves out, or says with a pronoun, what the first said. "stranger": questions of a
  // file of groups behind the histories of `behind`, to be left as they are. "to-english", "to-chinese": sentences and
  // their translations, for sequence models; Chinese is read and written simplified.
  std::string maker = "rewrites";
  std::string path;       // from the folder of the training data or absolute
  std::string behind;     // of "stranger": a file of rewrites
  double weight = 1;      // how often an epoch sees each row
  std::size_t limit = 0;  // take only so many rows, from the beginning; 0: all
};

struct RewriterLayers {
  std::string start;  // folder of the encoder to start from; "": the embedder that ships
  std::size_t lower_layers = 6;
  std::size_t upper_layers = 2;
};

// Of an architecture that is not "edits".
struct RewriterSequence {
  bool reads_encoder = true;  // also what the encoder's lower layers say of each word, not only the word
  bool copies = true;         // may copy words of the source; an rnn cannot
  std::size_t width = 192;
  std::size_t heads = 4;           // of a transformer
  std::size_t feed_forward = 384;  // of each of a transformer's attentions
  std::size_t encoder_layers = 2;
  std::size_t decoder_layers = 2;
  std::size_t least_count = 2;      // words that are rarer in the rows to learn from are unknown
  std::size_t source_words = 8000;  // at most
  std::size_t target_words = 8000;
  double smoothing = 0.1;  // of targets, where nothing is copied
};

struct RewriterOptimiser {
  double learning_rate = 2e-4;
  double floor = 0.05;
  double head_rate = 4;  // the new heads' learning rate, times the layers'
  double weight_decay = 0.01;
  double clip = 1;
  double dropout = 0.1;
  double average_decay = 0;
};

struct RewriterSchedule {
  std::size_t epochs = 4;
  std::size_t warm_up = 100;         // steps
  std::size_t rows_per_step = 2048;  // units of text and marks
  std::size_t lanes = 2;
  std::size_t measure_every = 200;
  std::size_t measured_rows = 200;  // of each source
  std::size_t checkpoint_seconds = 60;
};

struct RewriterRecipe {
  std::string name;
  std::uint64_t seed = 1;
  double held_out = 0.05;  // share of the conversations
  std::vector<RewriterData> data;
  // "edits", or one that writes word by word: "rnn", "rnn-attention", "transformer".
  std::string architecture = "edits";
  std::vector<std::string> glue;  // of edits: short words that may stand beside a copied span, without the empty one
  RewriterLayers model = {};
  RewriterSequence sequence = {};
  RewriterOptimiser optimiser = {};
  RewriterSchedule schedule = {};
};

// As read_recipe() and recipe_to_json() (attune/train/recipe.hpp).
Result<RewriterRecipe> read_rewriter_recipe(const std::filesystem::path& file);
Result<RewriterRecipe> parse_rewriter_recipe(std::string_view json);
// What the two readers refuse: for a recipe that was changed since. Fails with bad_input.
Status check_rewriter_recipe(const RewriterRecipe& recipe);
std::string rewriter_recipe_to_json(const RewriterRecipe& recipe, int indent = 2);

struct RewriterTraining {
  RewriterRecipe recipe;
  std::filesystem::path embedder;  // folder of the encoder, unless the recipe names one
  std::filesystem::path data;      // folder that the recipe's paths start from
  std::filesystem::path folder;    // of the run: checkpoint, log, loss curve; made if absent
  std::filesystem::path output;    // file that the best weights are written to
  std::uint64_t steps = 0;         // stop after so many in this call; 0: no bound
  int threads = 0;                 // 0: one for each core
};

struct RewriterReport {
  std::uint64_t steps = 0;  // done in all calls
  bool finished = false;
  std::uint64_t best_step = 0;
  // Before the first step: the share of the held-out rows that come out right; of a sequence model -log p a word, with
  // a minus before it.
  double first_measure = 0;
  double best_measure = 0;
  std::size_t rows = 0;  // to learn from
  std::size_t held_out = 0;
  std::size_t left_out = 0;  // rows that no edits lead to, or too long
};

// Trains or goes on. The output is written when the run is finished or stopped, from the best weights so far. Fails as
// the readers of the data do, with bad_input if there are no rows, with conflict if the folder holds another run, and
// with io. A sequence model's rows that are held out are put into held-out.jsonl in the run's folder, as `attune eval
// rewrite` reads them.
Result<RewriterReport> train_rewriter(const RewriterTraining& training, const TrainingProgressSink& progress = {},
                                      const std::stop_token& stop = {});

}  // namespace attune::train
