// Wire: between Beast's messages and our Request and Response. No sockets here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/beast/http.hpp>

#include "server/connection.hpp"

namespace attune::server {

using BeastRequest = boost::beast::http::request<boost::beast::http::string_body>;
using BeastResponse = boost::beast::http::response<boost::beast::http::string_body>;

// Looks at a request's head: target, guards, route, kind of body. Fills `request` and `route`, or says what is wrong.
std::optional<Response> screen(const BeastRequest& head, const ConnectionContext& context, Request& request,
                               const Route*& route);

// What to tell a client whose request could not be read; nothing if it is gone.
std::optional<Response> response_to_bad_request(boost::system::error_code error, bool timed_out);

// With the headers that every response carries, and Content-Length.
BeastResponse to_message(const Response& response, const Request& request, unsigned version);

// Events as text/event-stream.
std::string to_text(const std::vector<Event>& events);

}  // namespace attune::server
