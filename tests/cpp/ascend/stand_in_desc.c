/* What a model tells of itself. */
#include <stdlib.h>
#include <string.h>

#include "stand_in_objects.h"

static const char* const kShapeInput = "ascend_mbatch_shape_data";

static int has_shape_input(const Graph* graph) {
  return graph->choice == kBatch || graph->choice == kImage || graph->choice == kDims;
}

static void write_dims(const char* name, const TensorShape* shape, aclmdlIODims* dims) {
  memset(dims, 0, sizeof *dims);
  memcpy(dims->name, name, sizeof dims->name);
  dims->dimCount = shape->rank;
  for (size_t i = 0; i < shape->rank; ++i) dims->dims[i] = shape->dims[i];
}

/* The set with the largest outputs, as the real one tells them. */
static int largest_set(const Graph* graph) {
  int largest = graph->sets > 0 ? 0 : -1;
  int64_t most = 0;
  for (size_t i = 0; i < graph->sets; ++i) {
    const TensorShape shape = input_shape(graph, 0, (int)i);
    if (elements(&shape) <= most) continue;
    most = elements(&shape);
    largest = (int)i;
  }
  return largest;
}

static TensorShape result_shape(const Graph* graph, size_t output, int set) {
  TensorShape inputs[kMaxTensors];
  for (size_t i = 0; i < graph->inputs; ++i) inputs[i] = input_shape(graph, i, set);
  return output_shape(graph, output, inputs);
}

ACL_EXPORT aclmdlDesc* aclmdlCreateDesc(void) {
  if (begin_call("aclmdlCreateDesc", 0) != kSuccess) return NULL;
  count_object(kModelDescs, 1);
  return calloc(1, sizeof(aclmdlDesc));
}

ACL_EXPORT aclError aclmdlDestroyDesc(aclmdlDesc* desc) {
  const aclError status = begin_call("aclmdlDestroyDesc", 0);
  free(desc);
  count_object(kModelDescs, -1);
  return status;
}

ACL_EXPORT aclError aclmdlGetDesc(aclmdlDesc* desc, uint32_t id) {
  const aclError status = begin_call("aclmdlGetDesc", 1);
  if (status != kSuccess) return status;
  const LoadedModel* model = find_model(id, "aclmdlGetDesc");
  if (model == NULL) return fail_call(kInvalidParam, "no model %u", id);
  desc->graph = model->graph;
  desc->id = id;
  return kSuccess;
}

ACL_EXPORT size_t aclmdlGetNumInputs(aclmdlDesc* desc) {
  return desc->graph.inputs + (size_t)has_shape_input(&desc->graph);
}

ACL_EXPORT size_t aclmdlGetNumOutputs(aclmdlDesc* desc) { return desc->graph.outputs; }

/* The added input comes last, as atc adds it. */
ACL_EXPORT const char* aclmdlGetInputNameByIndex(const aclmdlDesc* desc, size_t index) {
  return index < desc->graph.inputs ? desc->graph.input[index].name : kShapeInput;
}

ACL_EXPORT const char* aclmdlGetOutputNameByIndex(const aclmdlDesc* desc, size_t index) {
  return desc->graph.output[index].name;
}

ACL_EXPORT int aclmdlGetInputDataType(const aclmdlDesc* desc, size_t index) {
  return index < desc->graph.inputs ? desc->graph.input[index].type : 3;
}

ACL_EXPORT int aclmdlGetOutputDataType(const aclmdlDesc* desc, size_t index) {
  return desc->graph.output[index].type;
}

ACL_EXPORT int aclmdlGetInputFormat(const aclmdlDesc* desc, size_t index) {
  (void)desc;
  (void)index;
  return 2; /* ND */
}

static size_t bytes_of(const TensorShape* shape, int type) {
  for (size_t i = 0; i < shape->rank; ++i)
    if (shape->dims[i] < 0) return 0;
  return (size_t)elements(shape) * type_bytes(type);
}

ACL_EXPORT size_t aclmdlGetInputSizeByIndex(aclmdlDesc* desc, size_t index) {
  const Graph* graph = &desc->graph;
  if (index >= graph->inputs) return kShapeBytes;
  size_t most = 0;
  for (int set = graph->sets > 0 ? 0 : -1; set < (int)graph->sets; ++set) {
    const TensorShape shape = input_shape(graph, index, set);
    const size_t bytes = bytes_of(&shape, graph->input[index].type);
    if (bytes > most) most = bytes;
  }
  return most;
}

ACL_EXPORT size_t aclmdlGetOutputSizeByIndex(aclmdlDesc* desc, size_t index) {
  const TensorShape shape = result_shape(&desc->graph, index, largest_set(&desc->graph));
  return bytes_of(&shape, desc->graph.output[index].type);
}

ACL_EXPORT aclError aclmdlGetInputDims(const aclmdlDesc* desc, size_t index, aclmdlIODims* dims) {
  const aclError status = begin_call("aclmdlGetInputDims", 0);
  if (status != kSuccess) return status;
  if (index >= desc->graph.inputs) return fail_call(kInvalidParam, "no input %zu", index);
  write_dims(desc->graph.input[index].name, &desc->graph.input[index].shape, dims);
  return kSuccess;
}

ACL_EXPORT aclError aclmdlGetOutputDims(const aclmdlDesc* desc, size_t index, aclmdlIODims* dims) {
  const aclError status = begin_call("aclmdlGetOutputDims", 0);
  if (status != kSuccess) return status;
  const TensorShape shape = result_shape(&desc->graph, index, largest_set(&desc->graph));
  write_dims(desc->graph.output[index].name, &shape, dims);
  return kSuccess;
}

ACL_EXPORT aclError aclmdlGetCurOutputDims(const aclmdlDesc* desc, size_t index,
                                           aclmdlIODims* dims) {
  const aclError status = begin_call("aclmdlGetCurOutputDims", 1);
  if (status != kSuccess) return status;
  const int chosen = chosen_set(desc->id);
  const int set = chosen >= 0 ? chosen : largest_set(&desc->graph);
  const TensorShape shape = result_shape(&desc->graph, index, set);
  write_dims(desc->graph.output[index].name, &shape, dims);
  return kSuccess;
}

ACL_EXPORT aclError aclmdlGetDynamicBatch(const aclmdlDesc* desc, aclmdlBatch* batch) {
  const aclError status = begin_call("aclmdlGetDynamicBatch", 0);
  if (status != kSuccess) return status;
  batch->batchCount = desc->graph.choice == kBatch ? desc->graph.sets : 0;
  for (size_t i = 0; i < batch->batchCount; ++i)
    batch->batch[i] = (uint64_t)desc->graph.set[i].values[0];
  return kSuccess;
}

static aclError check_reserved(size_t index, const char* function) {
  if (index == (size_t)-1) return kSuccess;
  note_violation("%s with index %zu instead of -1", function, index);
  return fail_call(kInvalidParam, "the index must be -1");
}

ACL_EXPORT aclError aclmdlGetDynamicHW(const aclmdlDesc* desc, size_t index, aclmdlHW* hw) {
  const aclError status = begin_call("aclmdlGetDynamicHW", 0);
  if (status != kSuccess) return status;
  hw->hwCount = desc->graph.choice == kImage ? desc->graph.sets : 0;
  for (size_t i = 0; i < hw->hwCount; ++i)
    for (int side = 0; side < 2; ++side)
      hw->hw[i][side] = (uint64_t)desc->graph.set[i].values[side];
  return check_reserved(index, "aclmdlGetDynamicHW");
}

ACL_EXPORT aclError aclmdlGetInputDynamicGearCount(const aclmdlDesc* desc, size_t index,
                                                   size_t* count) {
  const aclError status = begin_call("aclmdlGetInputDynamicGearCount", 0);
  if (status != kSuccess) return status;
  *count = desc->graph.choice == kDims ? desc->graph.sets : 0;
  return check_reserved(index, "aclmdlGetInputDynamicGearCount");
}

ACL_EXPORT aclError aclmdlGetInputDynamicDims(const aclmdlDesc* desc, size_t index,
                                              aclmdlIODims* dims, size_t count) {
  const aclError status = begin_call("aclmdlGetInputDynamicDims", 0);
  if (status != kSuccess) return status;
  if (count != desc->graph.sets) return fail_call(kInvalidParam, "%zu sets", count);
  for (size_t i = 0; i < count; ++i) {
    const ShapeValues* set = &desc->graph.set[i];
    memset(&dims[i], 0, sizeof dims[i]);
    dims[i].dimCount = set->count;
    for (size_t d = 0; d < set->count; ++d) dims[i].dims[d] = set->values[d];
  }
  return check_reserved(index, "aclmdlGetInputDynamicDims");
}
