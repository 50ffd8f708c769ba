#include "engines/live_sessions.h"

#include <pthread.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <mutex>

namespace hpinfer {
namespace {

struct Tracked {
  std::string engine;
  RunCounters counters;
  std::vector<std::weak_ptr<const Session>> sessions;
};

struct Registry {
  std::mutex mutex;
  std::deque<Tracked> engines;  // a deque: the counters never move
};

// Never destroyed: sessions may run while the process ends. A child of fork() must not wait for a
// thread that it does not have, so nobody else holds the lock at that moment.
Registry& registry() {
  static Registry& instance = *new Registry;
  static const int registered =
      pthread_atfork([] { instance.mutex.lock(); }, [] { instance.mutex.unlock(); },
                     [] { instance.mutex.unlock(); });
  static_cast<void>(registered);
  return instance;
}

using Alive = std::vector<std::shared_ptr<const Session>>;

// The caller must hold the registry's mutex, and must have given it back before the result dies:
// the last owner of a session destroys it, which may take long and other locks.
Alive alive_sessions(const Tracked& tracked) {
  Alive alive;
  for (const auto& session : tracked.sessions)
    if (auto owned = session.lock()) alive.push_back(std::move(owned));
  return alive;
}

}  // namespace

void track_session(std::string_view engine, const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(registry().mutex);
  auto& engines = registry().engines;
  auto found = std::find_if(engines.begin(), engines.end(),
                            [&](const Tracked& tracked) { return tracked.engine == engine; });
  if (found == engines.end()) {
    engines.emplace_back();
    found = std::prev(engines.end());
    found->engine = engine;
  }
  std::erase_if(found->sessions, [](const auto& other) { return other.expired(); });
  found->sessions.push_back(session);
  session->counters_ = &found->counters;
}

std::vector<EngineUsage> engine_usages() {
  std::vector<EngineUsage> usages;
  std::vector<Alive> alive;
  {
    const std::lock_guard lock(registry().mutex);
    for (const Tracked& tracked : registry().engines) {
      EngineUsage usage;
      usage.engine = tracked.engine;
      usage.running = tracked.counters.running.load();
      usage.done = tracked.counters.done.load();
      usage.failed = tracked.counters.failed.load();
      usages.push_back(std::move(usage));
      alive.push_back(alive_sessions(tracked));
    }
  }
  for (std::size_t i = 0; i < usages.size(); ++i) {
    usages[i].sessions = static_cast<std::int64_t>(alive[i].size());
    for (const auto& session : alive[i]) {
      const SessionUsage own = session->usage();
      usages[i].usage.requests += own.requests;
      usages[i].usage.idle_requests += own.idle_requests;
      usages[i].usage.leases += own.leases;
    }
  }
  return usages;
}

void trim_sessions() {
  Alive alive;
  {
    const std::lock_guard lock(registry().mutex);
    for (const Tracked& tracked : registry().engines) {
      Alive more = alive_sessions(tracked);
      alive.insert(alive.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
    }
  }
  std::exception_ptr failure;
  for (const auto& session : alive) {
    try {
      session->trim();
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace hpinfer
