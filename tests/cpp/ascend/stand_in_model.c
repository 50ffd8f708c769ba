/* Loads models, chooses shapes, runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stand_in_objects.h"

static LoadedModel* models;
static uint32_t last_id;

LoadedModel* find_model(uint32_t id, const char* function) {
  lock_state();
  LoadedModel* model = models;
  while (model != NULL && model->id != id) model = model->next;
  unlock_state();
  if (model == NULL) {
    note_violation("%s of model %u, which is not loaded", function, id);
  } else if (model->context != current_context()) {
    note_violation("%s of model %u in another context than it was loaded in", function, id);
  }
  return model;
}

int chosen_set(uint32_t id) {
  const LoadedModel* model = find_model(id, "the shape");
  return model != NULL ? model->chosen : -1;
}

static aclError query(const char* text, size_t* work, size_t* weights) {
  Graph graph;
  if (!parse_graph(text, &graph)) return fail_call(kParseModel, "this is no model");
  *work = graph.workspace;
  *weights = graph.weights;
  return kSuccess;
}

static void write_weights(const Graph* graph, double* weights) {
  for (size_t i = 0; i < graph->outputs; ++i) {
    weights[2 * i] = graph->output[i].factor;
    weights[2 * i + 1] = graph->output[i].addend;
  }
}

static aclError load(const char* text, uint32_t* id, void* work, size_t work_size, void* weights,
                     size_t weight_size) {
  Graph graph;
  if (!parse_graph(text, &graph)) return fail_call(kParseModel, "this is no model");
  if (work != NULL && (work_size < graph.workspace || device_memory(work, work_size) == NULL))
    return fail_call(kInvalidParam, "the workspace is too small");
  if (weights != NULL && weight_size < graph.weights)
    return fail_call(kInvalidParam, "the memory for weights is too small");
  const size_t bytes = 2 * sizeof(double) * kMaxTensors;
  LoadedModel* model = calloc(1, sizeof *model);
  model->graph = graph;
  model->context = current_context();
  model->workspace = work;
  model->own_weights = weights == NULL;
  model->weights = weights != NULL ? weights : allocate_on_device(bytes);
  model->chosen = -1;
  double* memory = device_memory(model->weights, bytes);
  if (memory == NULL) {
    free(model);
    return fail_call(kInvalidParam, "the weights are not in memory of the device");
  }
  write_weights(&graph, memory);
  lock_state();
  model->id = ++last_id;
  model->next = models;
  models = model;
  unlock_state();
  count_object(kModels, 1);
  *id = model->id;
  return kSuccess;
}

/* The bytes as a text, which the caller frees. */
static char* as_text(const void* bytes, size_t size) {
  char* text = malloc(size + 1);
  memcpy(text, bytes, size);
  text[size] = '\0';
  return text;
}

static char* read_file(const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return as_text("", 0);
  static const size_t most = 1 << 16;
  char* text = malloc(most + 1);
  text[fread(text, 1, most, file)] = '\0';
  fclose(file);
  return text;
}

ACL_EXPORT aclError aclmdlQuerySize(const char* path, size_t* work, size_t* weights) {
  aclError status = begin_call("aclmdlQuerySize", 0);
  if (status != kSuccess) return status;
  char* text = read_file(path);
  status = query(text, work, weights);
  free(text);
  return status;
}

ACL_EXPORT aclError aclmdlQuerySizeFromMem(const void* bytes, size_t size, size_t* work,
                                           size_t* weights) {
  aclError status = begin_call("aclmdlQuerySizeFromMem", 0);
  if (status != kSuccess) return status;
  char* text = as_text(bytes, size);
  status = query(text, work, weights);
  free(text);
  return status;
}

ACL_EXPORT aclError aclmdlLoadFromFileWithMem(const char* path, uint32_t* id, void* work,
                                              size_t work_size, void* weights, size_t weight_size) {
  aclError status = begin_call("aclmdlLoadFromFileWithMem", 1);
  if (status != kSuccess) return status;
  char* text = read_file(path);
  status = load(text, id, work, work_size, weights, weight_size);
  free(text);
  return status;
}

ACL_EXPORT aclError aclmdlLoadFromMemWithMem(const void* bytes, size_t size, uint32_t* id,
                                             void* work, size_t work_size, void* weights,
                                             size_t weight_size) {
  aclError status = begin_call("aclmdlLoadFromMemWithMem", 1);
  if (status != kSuccess) return status;
  char* text = as_text(bytes, size);
  status = load(text, id, work, work_size, weights, weight_size);
  free(text);
  return status;
}

ACL_EXPORT aclError aclmdlUnload(uint32_t id) {
  const aclError status = begin_call("aclmdlUnload", 1);
  LoadedModel* model = find_model(id, "aclmdlUnload");
  if (model == NULL) return fail_call(kInvalidParam, "no model %u", id);
  if (model->running) note_violation("aclmdlUnload of a model that runs");
  lock_state();
  LoadedModel** link = &models;
  while (*link != model) link = &(*link)->next;
  *link = model->next;
  unlock_state();
  count_object(kModels, -1);
  if (model->own_weights) aclrtFree(model->weights);
  free(model);
  return status;
}

/* Shapes */

static aclError choose(const char* function, Choice choice, uint32_t id, aclmdlDataset* dataset,
                       size_t index, const int64_t* values, size_t count) {
  const aclError status = begin_call(function, 1);
  if (status != kSuccess) return status;
  LoadedModel* model = find_model(id, function);
  if (model == NULL) return fail_call(kInvalidParam, "no model %u", id);
  const Graph* graph = &model->graph;
  if (graph->choice != choice || index != graph->inputs || index >= dataset->count) {
    note_violation("%s for input %zu", function, index);
    return fail_call(kInvalidParam, "not this input");
  }
  int64_t* memory = device_memory(dataset->buffers[index]->data, kShapeBytes);
  if (memory == NULL) return fail_call(kInvalidParam, "no memory for the shape");
  for (size_t i = 0; i < graph->sets; ++i)
    if (graph->set[i].count == count &&
        memcmp(graph->set[i].values, values, count * sizeof *values) == 0) {
      model->chosen = (int)i;
      memory[0] = (int64_t)i + 1;
      return kSuccess;
    }
  return fail_call(kInvalidParam, "the model was not compiled for this shape");
}

ACL_EXPORT aclError aclmdlSetDynamicBatchSize(uint32_t id, aclmdlDataset* dataset, size_t index,
                                              uint64_t size) {
  const int64_t value = (int64_t)size;
  return choose("aclmdlSetDynamicBatchSize", kBatch, id, dataset, index, &value, 1);
}

ACL_EXPORT aclError aclmdlSetDynamicHWSize(uint32_t id, aclmdlDataset* dataset, size_t index,
                                           uint64_t height, uint64_t width) {
  const int64_t values[] = {(int64_t)height, (int64_t)width};
  return choose("aclmdlSetDynamicHWSize", kImage, id, dataset, index, values, 2);
}

ACL_EXPORT aclError aclmdlSetInputDynamicDims(uint32_t id, aclmdlDataset* dataset, size_t index,
                                              const aclmdlIODims* dims) {
  return choose("aclmdlSetInputDynamicDims", kDims, id, dataset, index, dims->dims, dims->dimCount);
}

/* Runs */

static aclError take_input(const LoadedModel* model, const aclmdlDataset* dataset, size_t index,
                           TensorShape* shape, void** data) {
  const Graph* graph = &model->graph;
  *shape = input_shape(graph, index, model->chosen);
  if (graph->choice == kFree) {
    const aclTensorDesc* desc = dataset->descs[index];
    if (desc == NULL || !desc->alive) {
      note_violation("a model of free shapes runs without a description of input %zu", index);
      return fail_call(kInputNotMatch, "no shape of input %zu", index);
    }
    if (desc->type != graph->input[index].type) return fail_call(kInputNotMatch, "another type");
    *shape = desc->shape;
  }
  const size_t bytes = (size_t)elements(shape) * type_bytes(graph->input[index].type);
  if (dataset->buffers[index]->size < bytes)
    return fail_call(kInputNotMatch, "input %zu has %zu bytes, not %zu", index,
                     dataset->buffers[index]->size, bytes);
  *data = bytes > 0 ? device_memory(dataset->buffers[index]->data, bytes) : NULL;
  return bytes > 0 && *data == NULL ? fail_call(kInputNotMatch, "no input") : kSuccess;
}

static void compute(const OutputTensor* output, int input_type, const TensorShape* from_shape,
                    const void* from, const TensorShape* to_shape, void* to,
                    const double* weights) {
  const int64_t count = elements(to_shape);
  const int64_t plane = output->mean && count > 0 ? elements(from_shape) / count : 1;
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int64_t k = 0; k < plane; ++k) sum += read_element(from, input_type, i * plane + k);
    write_element(to, output->type, i, weights[0] * (sum / (double)plane) + weights[1]);
  }
}

static aclError give_output(const LoadedModel* model, aclmdlDataset* dataset, size_t index,
                            const TensorShape* shapes, void* const* inputs) {
  const OutputTensor* output = &model->graph.output[index];
  const TensorShape shape = output_shape(&model->graph, index, shapes);
  const size_t bytes = (size_t)elements(&shape) * type_bytes(output->type);
  aclDataBuffer* buffer = dataset->buffers[index];
  if (buffer->data == NULL) { /* the library's own memory, the user's to free */
    buffer->data = allocate_on_device(bytes + 64);
    buffer->size = bytes + 64;
  }
  dataset->results[index].type = output->type;
  dataset->results[index].shape = shape;
  void* target = device_memory(buffer->data, bytes);
  const double* weights = device_memory(model->weights, 2 * sizeof(double) * kMaxTensors);
  if (target == NULL || weights == NULL || buffer->size < bytes)
    return fail_call(kInvalidParam, "no memory for output %zu", index);
  compute(output, model->graph.input[output->input].type, &shapes[output->input],
          inputs[output->input], &shape, target, weights + 2 * index);
  return kSuccess;
}

static aclError run_model(LoadedModel* model, const aclmdlDataset* input, aclmdlDataset* output) {
  TensorShape shapes[kMaxTensors];
  void* data[kMaxTensors];
  const Graph* graph = &model->graph;
  const int several = graph->choice == kBatch || graph->choice == kImage || graph->choice == kDims;
  if (input->count != graph->inputs + (size_t)several || output->count != graph->outputs) {
    note_violation("a run with %zu inputs and %zu outputs", input->count, output->count);
    return fail_call(kInputNotMatch, "wrong number of buffers");
  }
  if (several && model->chosen < 0) {
    note_violation("a run before a shape was chosen");
    return fail_call(kInputNotMatch, "no shape was chosen");
  }
  for (size_t i = 0; i < graph->inputs; ++i) {
    const aclError status = take_input(model, input, i, &shapes[i], &data[i]);
    if (status != kSuccess) return status;
  }
  if (run_time() > 0) usleep((useconds_t)run_time());
  for (size_t i = 0; i < graph->outputs; ++i) {
    const aclError status = give_output(model, output, i, shapes, data);
    if (status != kSuccess) return status;
  }
  return kSuccess;
}

ACL_EXPORT aclError aclmdlExecute(uint32_t id, const aclmdlDataset* input, aclmdlDataset* output) {
  aclError status = begin_call("aclmdlExecute", 1);
  if (status != kSuccess) return status;
  LoadedModel* model = find_model(id, "aclmdlExecute");
  if (model == NULL) return fail_call(kInvalidParam, "no model %u", id);
  lock_state();
  const int busy = model->running;
  model->running = 1;
  unlock_state();
  if (busy) {
    note_violation("aclmdlExecute of a model that runs already");
    return fail_call(kInvalidParam, "model %u runs", id);
  }
  note_running(1);
  status = run_model(model, input, output);
  note_running(-1);
  model->running = 0;
  return status;
}
