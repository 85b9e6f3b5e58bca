// Developers' program behind the scripts of this folder: converts a container, prints pieces, writes vectors.
//
//   attune_model_tool convert CONTAINER OUTPUT_DIRECTORY [KEPT_PIECES]
//   attune_model_tool list MODEL_DIRECTORY               the pieces that have a row, as convert takes them
//   attune_model_tool segment MODEL_DIRECTORY  < lines   one line of "id:start:end" for each line, full ids
//   attune_model_tool encode MODEL_DIRECTORY   < lines   the same after respelling, in the model's ids
//   attune_model_tool tokenize TOKENIZER       < lines   the same with a tokenizer.json or vocab.txt
//   attune_model_tool input TOKENIZER MAX      < lines   "id:start:end:type", with special tokens, at most MAX
//   attune_model_tool pairs TOKENIZER MAX longest_first|only_first|only_second < lines   the same for each two lines;
//                                                        "error" where the text to shorten is too short
//   attune_model_tool embed MODEL_DIRECTORY query|passage OUT [THREADS] < lines   FP32 vectors [lines, width]
//   attune_model_tool hidden MODEL OUT f32|i8  < lines   what the last layer says of each token, FP32 [tokens, width],
//   all
//                                                        lines one after the other; a line is ids, or "ids|token types"
//
// In lines, "\n" and "\\" stand for a line break and a backslash.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "attune/embed.hpp"
#include "attune/model.hpp"

namespace {

using attune::Encoding;

std::string unescaped(const std::string& line) {
  std::string text;
  for (std::size_t index = 0; index < line.size(); ++index) {
    if (line[index] == '\\' && index + 1 < line.size()) {
      text += line[++index] == 'n' ? '\n' : line[index];
    } else {
      text += line[index];
    }
  }
  return text;
}

int fail(const attune::Error& error) {
  std::cerr << error.text << '\n';
  return 1;
}

int convert(const std::vector<std::string>& arguments) {
  attune::ConvertRequest request;
  request.container = arguments[0];
  request.output_directory = arguments[1];
  if (arguments.size() > 2) request.kept_pieces = arguments[2];
  const auto made = attune::convert_e5_container(request);
  if (!made) return fail(made.error());
  std::cout << made->identity << ' ' << made->file_bytes << " bytes, " << made->vocabulary << " of " << made->pieces
            << " pieces\n";
  return 0;
}

int list_kept(const std::string& directory) {
  const auto encoder = attune::Encoder::open(directory);
  if (!encoder) return fail(encoder.error());
  const attune::Tokenizer& tokenizer = (*encoder)->tokenizer();
  for (std::int32_t id = 0; id < tokenizer.vocabulary_size(); ++id) std::cout << tokenizer.piece(id) << '\n';
  return 0;
}

void print(const Encoding& encoding) {
  for (std::size_t index = 0; index < encoding.ids.size(); ++index) {
    std::cout << (index > 0 ? " " : "") << encoding.ids[index] << ':' << encoding.offsets[index].start << ':'
              << encoding.offsets[index].end;
  }
  std::cout << '\n';
}

int print_pieces(const std::string& directory, bool full) {
  const auto encoder = attune::Encoder::open(directory);
  if (!encoder) return fail(encoder.error());
  const auto* tokenizer = dynamic_cast<const attune::UnigramTokenizer*>(&(*encoder)->tokenizer());
  if (tokenizer == nullptr) {
    return fail({attune::ErrorKind::unsupported, "'" + directory + "' has no Unigram vocabulary of our own file"});
  }
  for (std::string line; std::getline(std::cin, line);) {
    const std::string text = unescaped(line);
    print(full ? tokenizer->segment(text) : tokenizer->encode(text));
  }
  return 0;
}

void print(const attune::Result<attune::ModelInput>& input) {
  if (!input) {
    std::cout << "error\n";
    return;
  }
  for (std::size_t index = 0; index < input->ids.size(); ++index) {
    std::cout << (index > 0 ? " " : "") << input->ids[index] << ':' << input->offsets[index].start << ':'
              << input->offsets[index].end << ':' << input->types[index];
  }
  std::cout << '\n';
}

int tokenize(const std::vector<std::string>& arguments, const std::string& what) {
  const auto tokenizer = attune::load_tokenizer(arguments[0]);
  if (!tokenizer) return fail(tokenizer.error());
  const attune::SequenceTemplate& sequence = (*tokenizer)->sequence_template();
  attune::InputLimits limits;
  if (arguments.size() > 1) limits.max_tokens = std::stoul(arguments[1]);
  const std::string strategy = arguments.size() > 2 ? arguments[2] : "longest_first";
  if (strategy == "only_first") limits.truncation = attune::Truncation::only_first;
  if (strategy == "only_second") limits.truncation = attune::Truncation::only_second;
  for (std::string line; std::getline(std::cin, line);) {
    const Encoding encoding = (*tokenizer)->encode(unescaped(line));
    if (what == "tokenize") {
      print(encoding);
    } else if (what == "input") {
      print(build_input(sequence, encoding, limits));
    } else {
      if (!std::getline(std::cin, line)) line.clear();
      print(build_pair(sequence, encoding, (*tokenizer)->encode(unescaped(line)), limits));
    }
  }
  return 0;
}

int embed(const std::vector<std::string>& arguments) {
  attune::EmbedOptions options;
  if (arguments.size() > 3) options.threads = std::stoi(arguments[3]);
  const auto opened_at = std::chrono::steady_clock::now();
  const auto embedder = attune::open_embedder(arguments[0], options);
  if (!embedder) return fail(embedder.error());
  const auto started = std::chrono::steady_clock::now();
  std::vector<std::string> texts;
  for (std::string line; std::getline(std::cin, line);) texts.push_back(unescaped(line));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto role = arguments[1] == "query" ? attune::EmbedRole::query : attune::EmbedRole::passage;
  const auto vectors = (*embedder)->embed(views, role);
  if (!vectors) return fail(vectors.error());
  const std::chrono::duration<double> opening = started - opened_at;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  std::ofstream file(arguments[2], std::ios::binary);
  std::string bytes(vectors->values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), vectors->values.data(), bytes.size());
  file << bytes;
  std::cerr << (*embedder)->identity() << ": opened in " << opening.count() << " s; " << texts.size() << " texts, "
            << vectors->tokens << " tokens, " << vectors->truncated << " truncated, " << taken.count() << " s, "
            << static_cast<double>(vectors->tokens) / taken.count() << " tokens/s\n";
  return file.good() ? 0 : 1;
}

std::vector<std::int32_t> numbers_of(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::int32_t> numbers;
  for (std::int32_t number = 0; words >> number;) numbers.push_back(number);
  return numbers;
}

int hidden(const std::vector<std::string>& arguments) {
  const auto precision = arguments[2] == "i8" ? attune::nn::Precision::i8 : attune::nn::Precision::f32;
  const auto encoder = attune::Encoder::open(arguments[0], {.precision = precision});
  if (!encoder) return fail(encoder.error());
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::vector<std::int32_t>> types;
  std::size_t tokens = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t bar = std::min(line.find('|'), line.size());
    ids.push_back(numbers_of(line.substr(0, bar)));
    types.push_back(numbers_of(line.substr(std::min(bar + 1, line.size()))));
    tokens += ids.back().size();
  }
  std::vector<attune::Encoder::Sequence> sequences;
  for (std::size_t index = 0; index < ids.size(); ++index) sequences.push_back({ids[index], types[index]});
  std::vector<float> states(tokens * (*encoder)->description().width);
  if (const auto status = (*encoder)->hidden_states(sequences, {}, states); !status) return fail(status.error());
  std::ofstream file(arguments[1], std::ios::binary);
  file.write(reinterpret_cast<const char*>(states.data()), static_cast<std::streamsize>(states.size() * sizeof(float)));
  return file.good() ? 0 : 1;
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> words(values + 1, values + count);
  const std::string command = words.empty() ? "" : words[0];
  const std::vector<std::string> arguments(words.begin() + (words.empty() ? 0 : 1), words.end());
  if (command == "convert" && arguments.size() >= 2) return convert(arguments);
  if (command == "list" && arguments.size() == 1) return list_kept(arguments[0]);
  if (command == "segment" && arguments.size() == 1) return print_pieces(arguments[0], true);
  if (command == "encode" && arguments.size() == 1) return print_pieces(arguments[0], false);
  if (command == "tokenize" && arguments.size() == 1) return tokenize(arguments, command);
  if (command == "input" && arguments.size() == 2) return tokenize(arguments, command);
  if (command == "pairs" && arguments.size() == 3) return tokenize(arguments, command);
  if (command == "embed" && arguments.size() >= 3) return embed(arguments);
  if (command == "hidden" && arguments.size() == 3) return hidden(arguments);
  std::cerr << "see the head of tools/model/model_tool.cpp\n";
  return 2;
}
