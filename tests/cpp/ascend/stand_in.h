/* A stand-in for libascendcl: the interface as documented (CANN 8), on memory of the host.
 *
 * It checks what the real one leaves to its user: that everything happens after aclInit and in a
 * context, that a model is loaded, run and unloaded in one context and never run twice at once,
 * that copies stay inside their buffers, that nothing is used after its end. What is wrong is
 * counted as a violation and kept in words. Memory of the device has addresses that fault on the
 * host.
 *
 * Declared independently of third_party/ascend, so that a mistake there shows here.
 */
#ifndef STAND_IN_H
#define STAND_IN_H

#include <stddef.h>
#include <stdint.h>

typedef int aclError;
typedef void* aclrtContext;

enum {
  kSuccess = 0,
  kInvalidParam = 100000,
  kUninitialized = 100001,
  kRepeatInitialize = 100002,
  kParseModel = 100013,
  kInputNotMatch = 100017,
  kRepeatFinalize = 100037,
  kBadAlloc = 200000,
  kContextNull = 107002,
  kMaxDims = 128
};

typedef struct {
  char name[128];
  size_t dimCount;
  int64_t dims[kMaxDims];
} aclmdlIODims;

typedef struct {
  size_t batchCount;
  uint64_t batch[128];
} aclmdlBatch;

typedef struct {
  size_t hwCount;
  uint64_t hw[128][2];
} aclmdlHW;

/* What is counted. */
typedef enum {
  kContexts,
  kDevices,
  kAllocations,
  kDataBuffers,
  kDataSets,
  kTensorDescs,
  kModelDescs,
  kModels,
  kObjectKinds
} ObjectKind;

/* At the begin of every function: notes the call, and says whether it is to fail. `needs_context`
 * functions also fail, as a violation, without one. */
aclError begin_call(const char* function, int needs_context);
/* The words of a failure, for aclGetRecentErrMsg. Returns the status. */
aclError fail_call(aclError status, const char* format, ...) __attribute__((format(printf, 2, 3)));
void note_violation(const char* format, ...) __attribute__((format(printf, 1, 2)));
void count_object(ObjectKind kind, int change);
aclrtContext current_context(void);
void lock_state(void);
void unlock_state(void);

/* The host's address of device memory, if so many bytes lie in one allocation; else a violation
 * and null. */
void* device_memory(const void* address, size_t bytes);
/* Memory of the device for a result that the library sizes itself. */
void* allocate_on_device(size_t bytes);

/* For the tests. */
#define STAND_IN_EXPORT __attribute__((visibility("default")))
#define ACL_EXPORT __attribute__((visibility("default")))

STAND_IN_EXPORT int stand_in_live(int kind); /* all kinds together for -1 */
STAND_IN_EXPORT int stand_in_violations(void);
STAND_IN_EXPORT const char* stand_in_first_violation(void);
STAND_IN_EXPORT void stand_in_forgive(void); /* forgets the violations */
/* The nth call of `function` from now on fails with `status`; 0 ends it. */
STAND_IN_EXPORT void stand_in_fail(const char* function, int nth, int status);
STAND_IN_EXPORT int stand_in_calls(const char* function);
STAND_IN_EXPORT int stand_in_max_running(void); /* models run at the same time, since the start */
STAND_IN_EXPORT void stand_in_trace(int on);    /* empties the trace */
STAND_IN_EXPORT const char* stand_in_traced(void);    /* names of the calls, with spaces between */
STAND_IN_EXPORT void stand_in_slow(int microseconds); /* what a run takes at least */

/* Of the interface, what the tests call themselves. */
ACL_EXPORT aclError aclInit(const char* config);
ACL_EXPORT aclError aclrtSetDevice(int32_t device);
ACL_EXPORT aclError aclrtResetDevice(int32_t device);
ACL_EXPORT aclError aclrtCreateContext(aclrtContext* context, int32_t device);
ACL_EXPORT aclError aclrtDestroyContext(aclrtContext context);
ACL_EXPORT aclError aclrtGetCurrentContext(aclrtContext* context);
ACL_EXPORT aclError aclrtFree(void* address);

void note_running(int change);
int run_time(void);

#endif
