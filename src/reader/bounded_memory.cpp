#include "reader/bounded_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>

namespace attune::reader {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 18U;
constexpr std::uint32_t kCallsBetweenChecks = 256;  // of the clock

}  // namespace

void BoundedMemory::Free::operator()(char* memory) const {
  std::free(memory);
}

void BoundedMemory::arm() {
  deadline_ = std::chrono::steady_clock::now() + bounds_.max_time;
  armed_ = true;
}

void BoundedMemory::leave(Reason reason) {
  reason_ = reason;
  armed_ = false;
  std::longjmp(exit_, 1);
}

void BoundedMemory::check() {
  if (bounds_.stop.stop_requested()) leave(Reason::stopped);
  if (std::chrono::steady_clock::now() > deadline_) leave(Reason::time);
}

void* BoundedMemory::take(std::size_t size) {
  if (armed_ && ++calls_ % kCallsBetweenChecks == 0) check();
  size = (std::max<std::size_t>(size, 1) + 15U) & ~std::size_t{15};
  if (size > piece_left_) {
    const std::size_t piece = std::max(size, kPiece);
    if (armed_ && piece > left_) leave(Reason::memory);
    auto* memory = static_cast<char*>(std::malloc(piece));
    if (memory == nullptr) {
      if (armed_) leave(Reason::memory);
      throw std::bad_alloc();
    }
    pieces_.emplace_back(memory);
    left_ -= std::min<std::uint64_t>(left_, piece);
    next_ = memory;
    piece_left_ = piece;
  }
  void* result = next_;
  next_ += size;
  piece_left_ -= size;
  return result;
}

Error BoundedMemory::reason() const {
  switch (reason_) {
    case Reason::stopped:
      return Error{ErrorKind::cancelled, "stopped on request"};
    case Reason::time:
      return Error{ErrorKind::timeout,
                   "it is built so that taking it apart takes longer than " +
                       std::to_string(std::chrono::duration_cast<std::chrono::seconds>(bounds_.max_time).count()) +
                       " seconds"};
    case Reason::memory:
      return Error{ErrorKind::too_large,
                   "taking it apart needs more than " + std::to_string(bounds_.max_memory >> 20U) + " MiB of memory"};
    case Reason::none:
      break;
  }
  return Error{ErrorKind::internal, "the parser was not left"};
}

}  // namespace attune::reader
