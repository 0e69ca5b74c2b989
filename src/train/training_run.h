/* training_run.h - gives tests the trainer of a training run (jielong_learn.h). */
#ifndef JL_TRAINING_RUN_H
#define JL_TRAINING_RUN_H

#include "../jielong_learn.h"
#include "trainer.h"

/* Owned by the run. */
const jlt_trainer *jl_training_run_trainer(const jl_training_run *r);

#endif
