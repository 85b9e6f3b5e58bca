// Result: a value or the reason why there is none. Nothing in Attune throws across a room's border.
//
// The text of an Error is written for the person who runs the program. Each border that an error crosses adds the step
// that failed, so that it reads from the outside in: "reading 'a.pdf': page 3: xref table is truncated".
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace attune {

// What went wrong, as far as a caller may act on it. The comment says what a caller usually does.
enum class ErrorKind {
  bad_input,    // the request or file is wrong: tell its author
  not_found,    // there is no such thing
  io,           // the operating system refused: tell the operator
  corrupt,      // a file is damaged: rebuild it if it is a cache, tell the operator if not
  unsupported,  // a known thing that this build cannot do
  too_large,    // a bound was passed
  conflict,     // someone else holds or changed it
  cancelled,    // the caller asked to stop
  timeout,      // a deadline passed
  unavailable,  // not ready yet, or overloaded: try again
  internal,     // our own bug
};

// The kind's name as it is written in JSON: "bad_input", "not_found", …
std::string_view error_kind_name(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string text;

  // The same error, with the step that failed in front of its text: "<step>: <text>".
  [[nodiscard]] Error while_doing(std::string_view step) const { return Error{kind, std::string(step) + ": " + text}; }
};

// Holds either a T or an Error. Reading the absent one is a bug in the caller (assert).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  [[nodiscard]] bool has_value() const { return !failed_; }
  explicit operator bool() const { return !failed_; }
  [[nodiscard]] const Error& error() const {
    assert(failed_);
    return error_;
  }

 private:
  Error error_;
  bool failed_ = false;
};

using Status = Result<void>;

}  // namespace attune
