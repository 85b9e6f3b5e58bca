// Router: which function answers this method and path? A table of routes, matched part by part.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http.hpp"

namespace attune::server {

using Handler = std::function<Response(const Request&)>;

struct Route {
  std::string method;   // "GET" answers HEAD as well
  std::string pattern;  // "/v1/documents/{id}": {name} takes one whole part
  std::string summary;  // one sentence, for /openapi.json
  Handler handler;
  bool quick = false;                              // answered on the I/O thread; must not touch the database
  std::string request_schema = {};                 // file name in schemas/ of the body; "": takes none
  std::string response_schema = {};                // file name in schemas/; "": not JSON of ours
  std::vector<std::string> query_parameters = {};  // names, for /openapi.json
  unsigned success = 200;
};

class Router {
 public:
  void add(Route route) { routes_.push_back(std::move(route)); }
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  struct Match {
    const Route* route = nullptr;      // nullptr: nothing answers
    std::vector<std::string> allowed;  // methods that the path has, when the method is the reason
  };
  // Fills request.parameters on success.
  Match match(Request& request) const;

 private:
  std::vector<Route> routes_;
};

// True for the paths that programs use: these are guarded like state, the page and its assets are not.
bool is_api_path(std::string_view path);

}  // namespace attune::server
