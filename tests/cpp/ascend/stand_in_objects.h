/* The objects of the interface that models and data sets share. */
#ifndef STAND_IN_OBJECTS_H
#define STAND_IN_OBJECTS_H

#include "stand_in_model.h"

typedef struct aclDataBuffer {
  void* data;
  size_t size;
} aclDataBuffer;

typedef struct aclTensorDesc {
  int type;
  TensorShape shape;
  int alive;
  struct aclTensorDesc* next; /* of those that were destroyed */
} aclTensorDesc;

typedef struct aclmdlDataset {
  size_t count;
  aclDataBuffer* buffers[kMaxTensors + 1];
  aclTensorDesc* descs[kMaxTensors + 1]; /* the user's, for inputs */
  aclTensorDesc results[kMaxTensors];    /* ours, for outputs */
} aclmdlDataset;

typedef struct LoadedModel {
  uint32_t id;
  Graph graph;
  aclrtContext context;
  void* workspace;
  void* weights;
  int own_weights; /* the library's, where the user gave none */
  int chosen;      /* set of shapes; -1 for none yet */
  int running;
  struct LoadedModel* next;
} LoadedModel;

typedef struct aclmdlDesc {
  Graph graph;
  uint32_t id;
} aclmdlDesc;

/* The model of an id, or null as a violation. */
LoadedModel* find_model(uint32_t id, const char* function);
/* The set that was chosen last for the model of an id; -1 for none. */
int chosen_set(uint32_t id);

#endif
