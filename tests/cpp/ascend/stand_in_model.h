/* The model that the stand-in runs: a text that lists inputs, sets of shapes and outputs.
 *
 *   stand-in om
 *   choice fixed | batch | image | dims | free
 *   memory WORKSPACE WEIGHTS           bytes; at least 16 of weights
 *   input NAME TYPE DIM ...            -1 is an open dimension; TYPE as AscendCL numbers it
 *   set VALUE ...                      of the choice
 *   output NAME TYPE affine INPUT A B  A * input + B, of the input's shape
 *   output NAME TYPE mean INPUT A B    the same of the mean of each plane of [N, C, ...]: [N, C]
 *
 * A and B are copied into the memory for weights when the model is loaded, and read there.
 */
#ifndef STAND_IN_MODEL_H
#define STAND_IN_MODEL_H

#include "stand_in.h"

enum { kMaxTensors = 4, kMaxSets = 100, kShapeBytes = 1024 };

typedef enum { kFixed, kBatch, kImage, kDims, kFree } Choice;

typedef struct {
  size_t rank;
  int64_t dims[8];
} TensorShape;

typedef struct {
  char name[128];
  int type;
  TensorShape shape;
} InputTensor;

typedef struct {
  char name[128];
  int type;
  int mean;
  size_t input;
  double factor;
  double addend;
} OutputTensor;

typedef struct {
  size_t count;
  int64_t values[32];
} ShapeValues;

typedef struct {
  Choice choice;
  size_t workspace;
  size_t weights;
  size_t inputs; /* without the one that the compiler adds */
  size_t outputs;
  size_t sets;
  InputTensor input[kMaxTensors];
  OutputTensor output[kMaxTensors];
  ShapeValues set[kMaxSets];
} Graph;

/* Whether the text is a model. */
int parse_graph(const char* text, Graph* graph);
/* The shape of an input for a set; as the model tells it for a negative one. */
TensorShape input_shape(const Graph* graph, size_t input, int set);
TensorShape output_shape(const Graph* graph, size_t output, const TensorShape* inputs);
int64_t elements(const TensorShape* shape);
size_t type_bytes(int type);
double read_element(const void* data, int type, int64_t index);
void write_element(void* data, int type, int64_t index, double value);

#endif
