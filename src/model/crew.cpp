#include "model/crew.hpp"

#include <algorithm>
#include <system_error>

namespace attune {

Crew::~Crew() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  come_.notify_all();
  threads_.clear();  // joins
}

void Crew::grow(std::size_t threads) {
  while (threads_.size() < threads) {
    try {
      threads_.emplace_back([this] { serve(); });
    } catch (const std::system_error&) {
      return;  // those that there are do the work
    }
  }
}

void Crew::run(std::size_t others, const std::function<void(std::size_t)>& work) {
  Job job{work, others};
  if (others > 0) {
    {
      const std::scoped_lock lock(mutex_);
      grow(others);
      open_.push_back(&job);
    }
    for (std::size_t other = 0; other < others; ++other) come_.notify_one();
  }
  work(0);
  if (others == 0) return;
  std::size_t begun = 0;
  {
    const std::scoped_lock lock(mutex_);
    std::erase(open_, &job);
    begun = job.begun;
  }
  // They are about to end as well: looking a while is quicker than being woken.
  constexpr int kLooks = 20'000;
  for (int look = 0; look < kLooks; ++look) {
    if (job.ended.load(std::memory_order_acquire) == begun) return;
  }
  std::unique_lock lock(mutex_);
  gone_.wait(lock, [&] { return job.ended.load(std::memory_order_acquire) == begun; });
}

void Crew::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    come_.wait(lock, [&] { return stopping_ || !open_.empty(); });
    if (stopping_) return;
    Job& job = *open_.front();
    const std::size_t place = ++job.begun;
    if (place == job.others) open_.erase(open_.begin());
    lock.unlock();
    job.work(place);
    lock.lock();
    job.ended.fetch_add(1, std::memory_order_release);  // the job may be gone from here on
    gone_.notify_all();
  }
}

}  // namespace attune
