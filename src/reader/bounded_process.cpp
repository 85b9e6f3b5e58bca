#include "reader/bounded_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace attune::reader {
namespace {

constexpr std::size_t kMostErrors = 64U << 10U;
constexpr int kPollMilliseconds = 50;

Error system_error(std::string_view step) {
  return Error{ErrorKind::io, std::string(step) + ": " + std::generic_category().message(errno)};
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void reset(int fd) {
    close();
    fd_ = fd;
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool open_pipe(Descriptor& read_end, Descriptor& write_end) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  return true;
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return {};
}

// The input as an anonymous file in memory.
bool fill_input(Descriptor& file, std::string_view bytes) {
  file.reset(::memfd_create("attune-input", MFD_CLOEXEC));
  if (!file.is_open()) return false;
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::lseek(file.get(), 0, SEEK_SET) == 0;
}

void limit(__rlimit_resource resource, rlim_t value) {
  const rlimit bound{value, value};
  ::setrlimit(resource, &bound);
}

struct Child {
  const char* program;
  char* const* arguments;
  char* const* environment;
  int input;
  int output;
  int errors;
  rlim_t seconds;
  rlim_t memory;
};

// Between fork and exec only calls that are safe in a process whose other threads are gone.
[[noreturn]] void become(const Child& child) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  limit(RLIMIT_CPU, child.seconds);
  limit(RLIMIT_AS, child.memory);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, 64);
  ::dup2(child.input, STDIN_FILENO);
  ::dup2(child.output, STDOUT_FILENO);
  ::dup2(child.errors, STDERR_FILENO);
  ::close_range(3, ~0U, 0);
  ::execve(child.program, child.arguments, child.environment);
  ::_exit(127);
}

// Reads what is there; false at the end of the stream.
bool drain(const Descriptor& from, std::string& into, std::uint64_t most, bool& was_cut) {
  std::array<char, 1U << 16U> buffer;
  const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  const std::uint64_t room = most - std::min<std::uint64_t>(most, into.size());
  const auto read = static_cast<std::size_t>(count);
  was_cut = was_cut || read > room;
  into.append(buffer.data(), static_cast<std::size_t>(std::min<std::uint64_t>(read, room)));
  return true;
}

// Collects output until both streams end. Returns why it should be ended early, if it should.
Status collect(const ProcessRequest& request, Descriptor& output, Descriptor& errors, ProcessResult& result) {
  const auto deadline = std::chrono::steady_clock::now() + request.max_time;
  while (output.is_open() || errors.is_open()) {
    std::array<pollfd, 2> streams{{{output.get(), POLLIN, 0}, {errors.get(), POLLIN, 0}}};
    ::poll(streams.data(), streams.size(), kPollMilliseconds);
    if (request.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
    if (std::chrono::steady_clock::now() > deadline) {
      return Error{ErrorKind::timeout,
                   request.program + " took longer than " + std::to_string(request.max_time.count()) + " seconds"};
    }
    bool unused = false;
    if (streams[0].revents != 0 && !drain(output, result.output, request.max_output, result.output_was_cut)) {
      output.close();
    }
    if (streams[1].revents != 0 && !drain(errors, result.errors, kMostErrors, unused)) errors.close();
    if (result.output_was_cut) return {};
  }
  return {};
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<ProcessResult> run_process(const ProcessRequest& request) {
  const std::string program = find_program(request.program);
  if (program.empty()) return Error{ErrorKind::not_found, "the program " + request.program + " is not installed"};
  Descriptor input;
  Descriptor output;
  Descriptor errors;
  Descriptor output_end;
  Descriptor errors_end;
  if (!fill_input(input, request.input)) return system_error("handing over the file");
  if (!open_pipe(output, output_end) || !open_pipe(errors, errors_end)) return system_error("opening a pipe");

  std::vector<char*> arguments{const_cast<char*>(request.program.c_str())};
  for (const std::string& argument : request.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::array<char, 16> locale{"LC_ALL=C.UTF-8"};
  std::array<char*, 2> environment{locale.data(), nullptr};
  const Child plan{program.c_str(),
                   arguments.data(),
                   environment.data(),
                   input.get(),
                   output_end.get(),
                   errors_end.get(),
                   static_cast<rlim_t>(request.max_time.count() + 1),
                   request.max_memory};
  const pid_t child = ::fork();
  if (child < 0) return system_error("starting " + request.program);
  if (child == 0) become(plan);
  output_end.close();
  errors_end.close();

  ProcessResult result;
  const Status collected = collect(request, output, errors, result);
  if (!collected || result.output_was_cut) ::kill(child, SIGKILL);
  const int status = wait_for(child);
  if (!collected) return collected.error();
  if (result.output_was_cut) return result;
  if (WIFSIGNALED(status)) {
    return Error{ErrorKind::bad_input, request.program + " was ended by the system (signal " +
                                           std::to_string(WTERMSIG(status)) +
                                           "): the file may be damaged or need too much memory"};
  }
  result.exit_code = WEXITSTATUS(status);
  return result;
}

}  // namespace attune::reader
