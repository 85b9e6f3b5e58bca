#include "attune/server.hpp"

#include <condition_variable>
#include <mutex>

#include "attune/core/log.hpp"

#include "server/guard.hpp"
#include "server/http_server.hpp"
#include "server/indexer.hpp"
#include "server/request_body.hpp"
#include "server/roots.hpp"
#include "server/routes.hpp"

namespace attune {
namespace {

using server::HttpServer;
using server::Indexer;
using server::IndexerSteps;
using server::Router;
using server::Services;

constexpr const char* kUnfinishedJobs = "server.unfinished_jobs";
constexpr std::size_t kShortestKey = 16;

Status check_keys(const ServeOptions& options) {
  if (!server::is_loopback(options.address) && options.api_keys.empty()) {
    return Error{ErrorKind::bad_input, "listening on " + options.address +
                                           " lets other machines in: that needs an API key (or use 127.0.0.1)"};
  }
  for (const auto& key : options.api_keys) {
    if (key.size() < kShortestKey) {
      return Error{ErrorKind::bad_input, "an API key must have at least " + std::to_string(kShortestKey) + " bytes"};
    }
  }
  return {};
}

IndexerSteps steps_on(Workspace& workspace, const std::vector<std::filesystem::path>& roots) {
  IndexerSteps steps;
  steps.ingest = [&workspace](const IngestRequest& request, const IngestProgressSink& progress, std::stop_token stop) {
    return ingest(workspace, request, progress, std::move(stop));
  };
  steps.embed_pending = [&workspace](const IngestProgressSink& progress, std::stop_token stop) {
    return embed_pending(workspace, progress, std::move(stop));
  };
  steps.rebuild_where_wanted = [&workspace](std::stop_token stop) -> Status {
    VectorIndex* vectors = workspace.vectors();
    if (vectors == nullptr || !vectors->state().rebuild_wanted) return {};
    return vectors->rebuild(std::move(stop));
  };
  steps.refresh_vectors = [&workspace] {
    if (workspace.vectors() == nullptr) return;
    if (auto status = workspace.vectors()->refresh(); !status) {
      log(LogLevel::warning, "taking over new vectors: " + status.error().text);
    }
  };
  steps.generation = [&workspace] { return workspace.store().generation(); };
  steps.save_unfinished = [&workspace](const std::string& text) {
    if (auto status = workspace.store().set_setting(kUnfinishedJobs, text); !status) {
      log(LogLevel::warning, "keeping the list of unfinished jobs: " + status.error().text);
    }
  };
  steps.load_unfinished = [&workspace]() -> std::string {
    const auto kept = workspace.store().setting(kUnfinishedJobs);
    return kept && *kept ? **kept : std::string();
  };
  steps.may_index = [roots](const std::filesystem::path& folder) {
    return server::permitted_folder(roots, folder).has_value();
  };
  return steps;
}

class AttuneServer final : public Server {
 public:
  AttuneServer(Workspace& workspace, const ServeOptions& options, std::vector<std::filesystem::path> roots)
      : options_(options),
        indexer_(steps_on(workspace, roots), options.max_jobs, options.fill_vectors && workspace.embedder() != nullptr),
        services_{workspace, indexer_, options_, std::move(roots)} {}

  ~AttuneServer() override { stop(); }

  Status listen() {
    Router router;
    add_search_routes(router, services_);
    add_document_routes(router, services_);
    add_index_routes(router, services_);
    add_status_routes(router, services_);
    add_page_routes(router);
    auto http = HttpServer::start(options_, std::move(router), server::check_body);
    if (!http) return http.error();
    http_ = *std::move(http);
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return http_->port(); }

  [[nodiscard]] std::string url() const override {
    const bool ipv6 = options_.address.find(':') != std::string::npos;
    return "http://" + (ipv6 ? "[" + options_.address + "]" : options_.address) + ":" + std::to_string(port());
  }

  void stop() override {
    indexer_.interrupt();  // within a batch, which leaves the cores to the answers under way
    if (http_) http_->stop();
    indexer_.stop();
  }

 private:
  const ServeOptions options_;
  Indexer indexer_;
  Services services_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(Workspace& workspace, const ServeOptions& options) {
  if (auto status = check_keys(options); !status) return status.error();
  auto roots = server::canonical_roots(options.roots);
  if (!roots) return roots.error();
  auto server = std::make_unique<AttuneServer>(workspace, options, *std::move(roots));
  if (auto status = server->listen(); !status) return status.error();
  log(LogLevel::info, "listening on " + server->url());
  return std::unique_ptr<Server>(std::move(server));
}

Status serve(Workspace& workspace, const ServeOptions& options, std::stop_token stop,
             const std::function<void(const std::string& url)>& on_ready) {
  auto server = Server::start(workspace, options);
  if (!server) return server.error();
  if (on_ready) on_ready((*server)->url());
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any wake;
  wake.wait(lock, stop, [] { return false; });
  (*server)->stop();
  return {};
}

}  // namespace attune
