// /v1/documents and /v1/collections: what is in the database.
#include <charconv>

#include <nlohmann/json.hpp>

#include "server/request_body.hpp"
#include "server/routes.hpp"

namespace attune::server {
namespace {

using nlohmann::json;

void add_place(json& value, int page, int line) {
  if (page > 0) value["page"] = page;
  if (line > 0) value["line"] = line;
}

json summary_to_json(const DocumentSummary& document) {
  return {{"id", document.id},
          {"collection", document.collection},
          {"path", document.path},
          {"title", document.title},
          {"format", document.format},
          {"language", document.language},
          {"sha256", document.sha256},
          {"size", document.size},
          {"modified", static_cast<double>(document.modified_ns) / 1e9},
          {"chunks", document.chunks},
          {"pending", document.pending},
          {"metadata", document.metadata}};
}

Response list_documents(const Services& services, const Request& request) {
  const json body = body_from_query(request);
  if (auto fault = body_fault("documents.request.schema.json", body)) return *fault;
  const auto offset = body.value("offset", std::int64_t{0});
  const auto limit = body.value("limit", std::int64_t{50});
  const auto page = services.workspace.store().list_documents(filters_from(body), offset, limit);
  if (!page) return error_response(page.error(), "listing the documents");
  json documents = json::array();
  for (const auto& document : page->documents) documents.push_back(summary_to_json(document));
  return json_response(
      {{"documents", std::move(documents)}, {"total", page->total}, {"offset", offset}, {"limit", limit}});
}

json block_to_json(const Block& block) {
  json value = {{"kind", block_kind_name(block.kind)}, {"start", block.span.start}, {"end", block.span.end}};
  if (block.level > 0) value["level"] = block.level;
  add_place(value, block.page, block.line);
  return value;
}

json chunk_to_json(const Chunk& chunk) {
  json value = {{"id", chunk.id},        {"ordinal", chunk.ordinal}, {"start", chunk.span.start},
                {"end", chunk.span.end}, {"tokens", chunk.tokens},   {"heading", chunk.heading}};
  add_place(value, chunk.page, chunk.line);
  return value;
}

Result<std::string> collection_name(const Store& store, std::int64_t id) {
  const auto collections = store.collections();
  if (!collections) return collections.error();
  for (const auto& collection : *collections) {
    if (collection.id == id) return collection.name;
  }
  return Error{ErrorKind::not_found, "the document's collection is gone"};
}

Response show_document(const Services& services, const Request& request) {
  const std::string& text = request.parameters.at("id");
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    return error_response(404, "not_found", "a document's id is a number");
  }
  const Store& store = services.workspace.store();
  const auto document = store.document(id);
  if (!document) return error_response(document.error(), "reading document " + text);
  const auto chunks = store.chunks_of(id);
  if (!chunks) return error_response(chunks.error(), "reading document " + text);
  const auto collection = collection_name(store, document->collection_id);
  if (!collection) return error_response(collection.error(), "reading document " + text);

  const auto& content = document->content;
  json value = {{"id", document->id},
                {"collection", *collection},
                {"path", document->path},
                {"title", content.title},
                {"format", content.format},
                {"language", document->language},
                {"sha256", document->sha256},
                {"size", document->size},
                {"modified", static_cast<double>(document->modified_ns) / 1e9},
                {"metadata", content.metadata},
                {"notes", content.notes},
                {"text", content.text}};
  value["blocks"] = json::array();
  for (const auto& block : content.blocks) value["blocks"].push_back(block_to_json(block));
  value["chunks"] = json::array();
  for (const auto& chunk : *chunks) value["chunks"].push_back(chunk_to_json(chunk));
  return json_response(value);
}

Response list_collections(const Services& services) {
  const Store& store = services.workspace.store();
  const auto collections = store.collections();
  if (!collections) return error_response(collections.error(), "listing the collections");
  json list = json::array();
  for (const auto& collection : *collections) {
    Filters only_this;
    only_this.collections = {collection.name};
    const auto page = store.list_documents(only_this, 0, 1);
    if (!page) return error_response(page.error(), "listing the collections");
    list.push_back(
        {{"id", collection.id}, {"name", collection.name}, {"root", collection.root}, {"documents", page->total}});
  }
  return json_response({{"collections", std::move(list)}});
}

}  // namespace

void add_document_routes(Router& router, const Services& services) {
  router.add({.method = "GET",
              .pattern = "/v1/documents",
              .summary = "Lists documents, by collection and path.",
              .handler = [&services](const Request& request) { return list_documents(services, request); },
              .response_schema = "documents.response.schema.json",
              .query_parameters = {"offset", "limit", "collection", "path", "language", "format"}});
  router.add({.method = "GET",
              .pattern = "/v1/documents/{id}",
              .summary = "One document: its text, structure and chunks. All spans are bytes into its text.",
              .handler = [&services](const Request& request) { return show_document(services, request); },
              .response_schema = "document.schema.json"});
  router.add({.method = "GET",
              .pattern = "/v1/collections",
              .summary = "Lists the indexed folders.",
              .handler = [&services](const Request&) { return list_collections(services); },
              .response_schema = "collections.response.schema.json"});
}

}  // namespace attune::server
