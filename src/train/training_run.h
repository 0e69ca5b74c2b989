/* training_run.h - the trainer inside a training run (jielong_learn.h), for tests. */
#ifndef JL_TRAINING_RUN_H
#define JL_TRAINING_RUN_H

#include "../jielong_learn.h"
#include "trainer.h"

/* Borrowed from the run. */
const jlt_trainer *jl_training_run_trainer(const jl_training_run *r);

#endif
