/* Reads the stand-in's models, and computes with their element types. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stand_in_model.h"

static int parse_choice(const char* word) {
  static const char* const names[] = {"fixed", "batch", "image", "dims", "free"};
  for (int i = 0; i < 5; ++i)
    if (strcmp(word, names[i]) == 0) return i;
  return -1;
}

static size_t read_numbers(const char* text, int64_t* values, size_t most) {
  size_t count = 0;
  int taken = 0;
  long long value = 0;
  while (count < most && sscanf(text, "%lld%n", &value, &taken) == 1) {
    values[count++] = value;
    text += taken;
  }
  return count;
}

static int parse_line(const char* line, Graph* graph) {
  char word[32];
  char name[128];
  int taken = 0;
  if (sscanf(line, "choice %31s", word) == 1) {
    const int choice = parse_choice(word);
    graph->choice = (Choice)choice;
    return choice >= 0;
  }
  if (sscanf(line, "memory %zu %zu", &graph->workspace, &graph->weights) == 2)
    return graph->weights >= 2 * sizeof(double) * kMaxTensors || graph->weights == 0;
  int type = 0;
  if (sscanf(line, "input %127s %d%n", name, &type, &taken) == 2 && graph->inputs < kMaxTensors) {
    InputTensor* input = &graph->input[graph->inputs++];
    memcpy(input->name, name, sizeof name);
    input->type = type;
    input->shape.rank = read_numbers(line + taken, input->shape.dims, 8);
    return 1;
  }
  if (strncmp(line, "set ", 4) == 0 && graph->sets < kMaxSets) {
    ShapeValues* set = &graph->set[graph->sets++];
    set->count = read_numbers(line + 4, set->values, 32);
    return set->count > 0;
  }
  if (graph->outputs >= kMaxTensors) return 0;
  OutputTensor* output = &graph->output[graph->outputs];
  if (sscanf(line, "output %127s %d %31s %zu %lf %lf", output->name, &output->type, word,
             &output->input, &output->factor, &output->addend) != 6)
    return 0;
  ++graph->outputs;
  output->mean = strcmp(word, "mean") == 0;
  return output->input < graph->inputs;
}

int parse_graph(const char* text, Graph* graph) {
  memset(graph, 0, sizeof *graph);
  char line[512];
  int number = 0;
  while (*text != '\0') {
    const size_t length = strcspn(text, "\n");
    if (length >= sizeof line) return 0;
    memcpy(line, text, length);
    line[length] = '\0';
    text += length + (text[length] == '\n');
    if (number++ == 0) {
      if (strcmp(line, "stand-in om") != 0) return 0;
    } else if (line[0] != '\0' && !parse_line(line, graph)) {
      return 0;
    }
  }
  return graph->inputs > 0 && graph->outputs > 0;
}

TensorShape input_shape(const Graph* graph, size_t input, int set) {
  TensorShape shape = graph->input[input].shape;
  if (set < 0 || graph->choice == kFixed || graph->choice == kFree) return shape;
  const int64_t* values = graph->set[set].values;
  if (graph->choice == kDims)
    for (size_t i = 0; i < input; ++i) values += graph->input[i].shape.rank;
  for (size_t i = 0; i < shape.rank; ++i) {
    if (graph->choice == kDims)
      shape.dims[i] = values[i];
    else if (shape.dims[i] < 0)
      shape.dims[i] = *values++;
  }
  return shape;
}

TensorShape output_shape(const Graph* graph, size_t output, const TensorShape* inputs) {
  TensorShape shape = inputs[graph->output[output].input];
  if (graph->output[output].mean) shape.rank = 2;
  return shape;
}

int64_t elements(const TensorShape* shape) {
  int64_t count = 1;
  for (size_t i = 0; i < shape->rank; ++i) count *= shape->dims[i];
  return count;
}

size_t type_bytes(int type) {
  switch (type) {
    case 1: /* float16 */
    case 6: /* int16, which hpinfer does not have */
      return 2;
    case 2:
    case 4:
    case 12:
      return 1;
    case 9:
    case 11:
      return 8;
    default:
      return 4;
  }
}

static double half_to_double(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int mantissa = bits & 1023;
  const double value = exponent == 0 ? ldexp(mantissa, -24) : ldexp(1024 + mantissa, exponent - 25);
  return bits >> 15 ? -value : value;
}

/* Exact for what a test writes: numbers of at most 11 bits in the normal range. */
static uint16_t double_to_half(double value) {
  int exponent = 0;
  const double fraction = frexp(fabs(value), &exponent);
  if (value == 0) return 0;
  const uint16_t magnitude =
      (uint16_t)((exponent + 14) << 10 | ((int)nearbyint(ldexp(fraction, 11)) & 1023));
  return (uint16_t)(value < 0 ? magnitude | 0x8000 : magnitude);
}

double read_element(const void* data, int type, int64_t index) {
  switch (type) {
    case 0:
      return ((const float*)data)[index];
    case 1:
      return half_to_double(((const uint16_t*)data)[index]);
    case 2:
      return ((const int8_t*)data)[index];
    case 3:
      return ((const int32_t*)data)[index];
    case 9:
      return (double)((const int64_t*)data)[index];
    case 11:
      return ((const double*)data)[index];
    default:
      return ((const uint8_t*)data)[index];
  }
}

void write_element(void* data, int type, int64_t index, double value) {
  switch (type) {
    case 0:
      ((float*)data)[index] = (float)value;
      return;
    case 1:
      ((uint16_t*)data)[index] = double_to_half(value);
      return;
    case 2:
      ((int8_t*)data)[index] = (int8_t)value;
      return;
    case 3:
      ((int32_t*)data)[index] = (int32_t)value;
      return;
    case 9:
      ((int64_t*)data)[index] = (int64_t)value;
      return;
    case 11:
      ((double*)data)[index] = value;
      return;
    case 12:
      ((uint8_t*)data)[index] = value != 0;
      return;
    default:
      ((uint8_t*)data)[index] = (uint8_t)value;
  }
}
