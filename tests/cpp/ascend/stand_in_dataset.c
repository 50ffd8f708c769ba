/* Data buffers, data sets and descriptions of tensors. */
#include <stdlib.h>
#include <string.h>

#include "stand_in_objects.h"

ACL_EXPORT aclDataBuffer* aclCreateDataBuffer(void* data, size_t bytes) {
  if (begin_call("aclCreateDataBuffer", 0) != kSuccess) return NULL;
  aclDataBuffer* buffer = calloc(1, sizeof *buffer);
  buffer->data = data;
  buffer->size = bytes;
  count_object(kDataBuffers, 1);
  return buffer;
}

ACL_EXPORT aclError aclDestroyDataBuffer(const aclDataBuffer* buffer) {
  const aclError status = begin_call("aclDestroyDataBuffer", 0);
  free((void*)buffer);
  count_object(kDataBuffers, -1);
  return status;
}

ACL_EXPORT aclError aclUpdateDataBuffer(aclDataBuffer* buffer, void* data, size_t bytes) {
  const aclError status = begin_call("aclUpdateDataBuffer", 0);
  if (status != kSuccess) return status;
  buffer->data = data;
  buffer->size = bytes;
  return kSuccess;
}

ACL_EXPORT void* aclGetDataBufferAddr(const aclDataBuffer* buffer) { return buffer->data; }
ACL_EXPORT size_t aclGetDataBufferSizeV2(const aclDataBuffer* buffer) { return buffer->size; }

ACL_EXPORT aclTensorDesc* aclCreateTensorDesc(int type, int rank, const int64_t* dims, int format) {
  (void)format;
  if (begin_call("aclCreateTensorDesc", 0) != kSuccess) return NULL;
  if (rank < 0 || rank > 8) return NULL;
  aclTensorDesc* desc = calloc(1, sizeof *desc);
  desc->type = type;
  desc->alive = 1;
  desc->shape.rank = (size_t)rank;
  for (int i = 0; i < rank; ++i) desc->shape.dims[i] = dims[i];
  count_object(kTensorDescs, 1);
  return desc;
}

/* Kept in memory to the end, so that a use after it is seen. */
static aclTensorDesc* destroyed;

ACL_EXPORT void aclDestroyTensorDesc(const aclTensorDesc* desc) {
  begin_call("aclDestroyTensorDesc", 0);
  aclTensorDesc* kept = (aclTensorDesc*)desc;
  lock_state();
  kept->alive = 0;
  kept->next = destroyed;
  destroyed = kept;
  unlock_state();
  count_object(kTensorDescs, -1);
}

ACL_EXPORT size_t aclGetTensorDescNumDims(const aclTensorDesc* desc) { return desc->shape.rank; }

ACL_EXPORT aclError aclGetTensorDescDimV2(const aclTensorDesc* desc, size_t index, int64_t* size) {
  const aclError status = begin_call("aclGetTensorDescDimV2", 0);
  if (status != kSuccess) return status;
  if (index >= desc->shape.rank) return fail_call(kInvalidParam, "no dimension %zu", index);
  *size = desc->shape.dims[index];
  return kSuccess;
}

ACL_EXPORT aclmdlDataset* aclmdlCreateDataset(void) {
  if (begin_call("aclmdlCreateDataset", 0) != kSuccess) return NULL;
  count_object(kDataSets, 1);
  return calloc(1, sizeof(aclmdlDataset));
}

ACL_EXPORT aclError aclmdlDestroyDataset(const aclmdlDataset* dataset) {
  const aclError status = begin_call("aclmdlDestroyDataset", 0);
  free((void*)dataset);
  count_object(kDataSets, -1);
  return status;
}

ACL_EXPORT aclError aclmdlAddDatasetBuffer(aclmdlDataset* dataset, aclDataBuffer* buffer) {
  const aclError status = begin_call("aclmdlAddDatasetBuffer", 0);
  if (status != kSuccess) return status;
  if (dataset->count > kMaxTensors) return fail_call(kBadAlloc, "too many buffers");
  dataset->buffers[dataset->count++] = buffer;
  return kSuccess;
}

ACL_EXPORT aclError aclmdlSetDatasetTensorDesc(aclmdlDataset* dataset, aclTensorDesc* desc,
                                               size_t index) {
  const aclError status = begin_call("aclmdlSetDatasetTensorDesc", 0);
  if (status != kSuccess) return status;
  if (index >= dataset->count) return fail_call(kInvalidParam, "no buffer %zu", index);
  dataset->descs[index] = desc;
  return kSuccess;
}

ACL_EXPORT aclTensorDesc* aclmdlGetDatasetTensorDesc(const aclmdlDataset* dataset, size_t index) {
  if (begin_call("aclmdlGetDatasetTensorDesc", 0) != kSuccess || index >= kMaxTensors) return NULL;
  return (aclTensorDesc*)&dataset->results[index];
}
