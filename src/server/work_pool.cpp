#include "server/work_pool.hpp"

#include <utility>

namespace attune::server {

WorkPool::WorkPool(int threads, std::size_t max_queued) : max_queued_(max_queued) {
  for (int at = 0; at < threads; ++at) threads_.emplace_back([this] { run(); });
}

WorkPool::~WorkPool() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
    queue_.clear();
  }
  wake_.notify_all();
}

bool WorkPool::submit(std::function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    if (ending_ || queue_.size() >= max_queued_) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void WorkPool::run() {
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (ending_) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace attune::server
