/* Start and end, devices, contexts, memory, errors; and what the tests ask. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stand_in.h"

enum { kDeviceCount = 2, kMaxFunctions = 128, kTraceBytes = 1 << 16 };

/* Never a valid address of the host. */
static const uintptr_t kDeviceBit = (uintptr_t)1 << 63;

typedef struct Block {
  char* begin;
  size_t bytes;
  struct Block* next;
} Block;

typedef struct ContextObject {
  int device;
  struct ContextObject* next;
} ContextObject;

typedef struct {
  const char* name;
  int calls;
} Function;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int initialized;
static int device_uses[kDeviceCount];
static Block* blocks;
static ContextObject* contexts;
static int live[kObjectKinds];
static int violations;
static char first_violation[256];
static Function functions[kMaxFunctions];
static char failing[64];
static int calls_to_failure;
static int failure_status;
static int tracing;
static char trace[kTraceBytes];
static int running;
static int max_running;
static int slow_microseconds;

static _Thread_local aclrtContext thread_context;
static _Thread_local char error_words[512];
static _Thread_local char read_words[512];

void lock_state(void) { pthread_mutex_lock(&mutex); }
void unlock_state(void) { pthread_mutex_unlock(&mutex); }
aclrtContext current_context(void) { return thread_context; }
int run_time(void) { return slow_microseconds; }

static void violation_locked(const char* format, va_list arguments) {
  if (violations++ == 0) vsnprintf(first_violation, sizeof first_violation, format, arguments);
}

void note_violation(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  lock_state();
  violation_locked(format, arguments);
  unlock_state();
  va_end(arguments);
}

aclError fail_call(aclError status, const char* format, ...) {
  char words[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  snprintf(error_words, sizeof error_words, "EZ9999: [PID: 1]\n\t%s\n", words);
  return status;
}

void count_object(ObjectKind kind, int change) {
  lock_state();
  live[kind] += change;
  unlock_state();
}

void note_running(int change) {
  lock_state();
  running += change;
  if (running > max_running) max_running = running;
  unlock_state();
}

static Function* find_function(const char* name) {
  for (int i = 0; i < kMaxFunctions; ++i) {
    if (functions[i].name == NULL) functions[i].name = name;
    if (strcmp(functions[i].name, name) == 0) return &functions[i];
  }
  abort();
}

static int is_alive(aclrtContext context) {
  for (const ContextObject* item = contexts; item != NULL; item = item->next)
    if (item == context) return 1;
  return 0;
}

aclError begin_call(const char* function, int needs_context) {
  lock_state();
  ++find_function(function)->calls;
  if (tracing) {
    strncat(trace, function, kTraceBytes - strlen(trace) - 2);
    strcat(trace, " ");
  }
  const int ready = initialized;
  const int has_context = is_alive(thread_context);
  aclError injected = kSuccess;
  if (strcmp(failing, function) == 0 && --calls_to_failure == 0) {
    injected = failure_status;
    failing[0] = '\0';
  }
  unlock_state();
  if (!ready) {
    note_violation("%s without aclInit", function);
    return fail_call(kUninitialized, "%s without aclInit", function);
  }
  if (needs_context && !has_context) {
    note_violation("%s without a context", function);
    return fail_call(kContextNull, "%s without a context", function);
  }
  if (injected != kSuccess) return fail_call(injected, "%s fails as the test wants", function);
  return kSuccess;
}

/* Start and end */

ACL_EXPORT aclError aclInit(const char* config) {
  (void)config;
  lock_state();
  const int before = initialized;
  initialized = 1;
  unlock_state();
  const aclError status = begin_call("aclInit", 0);
  if (status != kSuccess) {
    initialized = before;
    return status;
  }
  return before ? fail_call(kRepeatInitialize, "aclInit twice") : kSuccess;
}

ACL_EXPORT aclError aclFinalize(void) {
  const aclError status = begin_call("aclFinalize", 0);
  if (status != kSuccess) return status;
  if (stand_in_live(-1) != 0) note_violation("aclFinalize with %d objects", stand_in_live(-1));
  initialized = 0;
  return kSuccess;
}

ACL_EXPORT const char* aclGetRecentErrMsg(void) {
  memcpy(read_words, error_words, sizeof read_words);
  error_words[0] = '\0';
  return read_words[0] != '\0' ? read_words : NULL;
}

ACL_EXPORT aclError aclrtGetVersion(int32_t* major, int32_t* minor, int32_t* patch) {
  *major = 1;
  *minor = 15;
  *patch = 0;
  return kSuccess;
}

ACL_EXPORT const char* aclrtGetSocName(void) { return "Ascend310P3"; }

/* Devices and contexts */

ACL_EXPORT aclError aclrtGetDeviceCount(uint32_t* count) {
  const aclError status = begin_call("aclrtGetDeviceCount", 0);
  if (status == kSuccess) *count = getenv("STAND_IN_NO_DEVICE") != NULL ? 0 : kDeviceCount;
  return status;
}

ACL_EXPORT aclError aclrtSetDevice(int32_t device) {
  const aclError status = begin_call("aclrtSetDevice", 0);
  if (status != kSuccess) return status;
  if (device < 0 || device >= kDeviceCount) return fail_call(kInvalidParam, "no device %d", device);
  lock_state();
  ++device_uses[device];
  ++live[kDevices];
  unlock_state();
  return kSuccess;
}

ACL_EXPORT aclError aclrtResetDevice(int32_t device) {
  const aclError status = begin_call("aclrtResetDevice", 0);
  if (device < 0 || device >= kDeviceCount || device_uses[device] == 0) {
    note_violation("aclrtResetDevice of device %d, which is not in use", device);
    return fail_call(kInvalidParam, "device %d is not in use", device);
  }
  lock_state(); /* it is left also when a test makes the call fail: nobody could try again */
  --device_uses[device];
  --live[kDevices];
  unlock_state();
  return status;
}

ACL_EXPORT aclError aclrtCreateContext(aclrtContext* context, int32_t device) {
  const aclError status = begin_call("aclrtCreateContext", 0);
  if (status != kSuccess) return status;
  if (device < 0 || device >= kDeviceCount || device_uses[device] == 0) {
    note_violation("aclrtCreateContext on device %d, which is not set", device);
    return fail_call(kInvalidParam, "device %d is not set", device);
  }
  ContextObject* made = calloc(1, sizeof *made);
  made->device = device;
  lock_state();
  made->next = contexts;
  contexts = made;
  ++live[kContexts];
  unlock_state();
  thread_context = made;
  *context = made;
  return kSuccess;
}

ACL_EXPORT aclError aclrtDestroyContext(aclrtContext context) {
  const aclError status = begin_call("aclrtDestroyContext", 0);
  lock_state();
  ContextObject** link = &contexts;
  while (*link != NULL && *link != context) link = &(*link)->next;
  ContextObject* found = *link;
  if (found != NULL) {
    *link = found->next;
    --live[kContexts];
  }
  unlock_state();
  if (found == NULL) {
    note_violation("aclrtDestroyContext of no context");
    return fail_call(kInvalidParam, "no context");
  }
  free(found);
  return status;
}

ACL_EXPORT aclError aclrtSetCurrentContext(aclrtContext context) {
  const aclError status = begin_call("aclrtSetCurrentContext", 0);
  if (status != kSuccess) return status;
  lock_state();
  const int alive = is_alive(context);
  unlock_state();
  if (!alive) {
    note_violation("aclrtSetCurrentContext of no context");
    return fail_call(kInvalidParam, "no context");
  }
  thread_context = context;
  return kSuccess;
}

ACL_EXPORT aclError aclrtGetCurrentContext(aclrtContext* context) {
  const aclError status = begin_call("aclrtGetCurrentContext", 0);
  if (status != kSuccess) return status;
  if (thread_context == NULL) return fail_call(kContextNull, "this thread has no context");
  *context = thread_context;
  return kSuccess;
}

/* Memory */

void* allocate_on_device(size_t bytes) {
  Block* block = calloc(1, sizeof *block);
  block->begin = aligned_alloc(64, (bytes + 63) / 64 * 64);
  block->bytes = bytes;
  memset(block->begin, 0x5a, bytes);
  lock_state();
  block->next = blocks;
  blocks = block;
  ++live[kAllocations];
  unlock_state();
  return (void*)((uintptr_t)block->begin | kDeviceBit);
}

void* device_memory(const void* address, size_t bytes) {
  char* host = (char*)((uintptr_t)address & ~kDeviceBit);
  int found = 0;
  lock_state();
  if (((uintptr_t)address & kDeviceBit) != 0)
    for (const Block* block = blocks; block != NULL && !found; block = block->next)
      found = host >= block->begin && host + bytes <= block->begin + block->bytes;
  unlock_state();
  if (found) return host;
  note_violation("%zu bytes that are not in memory of the device", bytes);
  return NULL;
}

ACL_EXPORT aclError aclrtMalloc(void** address, size_t bytes, int policy) {
  (void)policy;
  const aclError status = begin_call("aclrtMalloc", 1);
  if (status != kSuccess) return status;
  if (bytes == 0) {
    note_violation("aclrtMalloc of 0 bytes");
    return fail_call(kInvalidParam, "0 bytes");
  }
  *address = allocate_on_device(bytes);
  return kSuccess;
}

ACL_EXPORT aclError aclrtFree(void* address) {
  const aclError status = begin_call("aclrtFree", 1);
  lock_state();
  Block** link = &blocks;
  while (*link != NULL && ((uintptr_t)(*link)->begin | kDeviceBit) != (uintptr_t)address)
    link = &(*link)->next;
  Block* found = *link;
  if (found != NULL) {
    *link = found->next;
    --live[kAllocations];
  }
  unlock_state();
  if (found == NULL) {
    note_violation("aclrtFree of what was not allocated");
    return fail_call(kInvalidParam, "not allocated");
  }
  free(found->begin);
  free(found);
  return status;
}

ACL_EXPORT aclError aclrtMemcpy(void* to, size_t room, const void* from, size_t bytes, int kind) {
  const aclError status = begin_call("aclrtMemcpy", 1);
  if (status != kSuccess) return status;
  if (bytes > room) {
    note_violation("aclrtMemcpy of %zu bytes into %zu", bytes, room);
    return fail_call(kInvalidParam, "%zu bytes into %zu", bytes, room);
  }
  void* target = kind == 1 ? device_memory(to, room) : to;
  const void* source = kind == 2 ? device_memory(from, bytes) : from;
  if (target == NULL || source == NULL) return fail_call(kInvalidParam, "not memory of the device");
  memcpy(target, source, bytes);
  return kSuccess;
}

/* For the tests */

int stand_in_live(int kind) {
  int count = 0;
  lock_state();
  for (int i = 0; i < kObjectKinds; ++i)
    if (kind == -1 || kind == i) count += live[i];
  unlock_state();
  return count;
}

int stand_in_violations(void) { return violations; }
const char* stand_in_first_violation(void) { return first_violation; }
void stand_in_forgive(void) {
  violations = 0;
  first_violation[0] = '\0';
}

int stand_in_max_running(void) { return max_running; }
const char* stand_in_traced(void) { return trace; }
void stand_in_slow(int microseconds) { slow_microseconds = microseconds; }

void stand_in_fail(const char* function, int nth, int status) {
  lock_state();
  snprintf(failing, sizeof failing, "%s", nth > 0 ? function : "");
  calls_to_failure = nth;
  failure_status = status;
  unlock_state();
}

int stand_in_calls(const char* function) {
  lock_state();
  int count = 0;
  for (int i = 0; i < kMaxFunctions && functions[i].name != NULL; ++i)
    if (strcmp(functions[i].name, function) == 0) count = functions[i].calls;
  unlock_state();
  return count;
}

void stand_in_trace(int on) {
  lock_state();
  tracing = on;
  trace[0] = '\0';
  unlock_state();
}

/* For tests of how a process ends: the state at its very end. */
__attribute__((destructor)) static void report(void) {
  const char* path = getenv("STAND_IN_REPORT");
  FILE* file = path != NULL ? fopen(path, "w") : NULL;
  if (file == NULL) return;
  fprintf(file, "initialized %d live %d violations %d %s\n", initialized, stand_in_live(-1),
          violations, first_violation);
  fclose(file);
}
