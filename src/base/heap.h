/* heap.h - a binary heap (Williams 1964) as a macro template over an array.
 *
 * JL_HEAP(name, item, context, before) defines two functions; before(context, a, b) is true if item
 * *a must be popped before *b. The caller owns the array and its length. To push, append an item
 * and call name_up; to pop, take item 0, move the last item there and call name_down. Both are
 * O(log n), in place, without recursion.
 */
#ifndef JL_HEAP_H
#define JL_HEAP_H

#include <stddef.h>

#define JL_HEAP(name, item, context, before)                                                       \
    /* Sifts item i of heap[n] down. */                                                            \
    __attribute__((unused)) static inline void name##_down(context c, item *heap, size_t n,        \
                                                           size_t i) {                             \
        item moving = heap[i];                                                                     \
        for (size_t child; (child = 2 * i + 1) < n; i = child) {                                   \
            if (child + 1 < n && before(c, &heap[child + 1], &heap[child])) child++;               \
            if (!before(c, &heap[child], &moving)) break;                                          \
            heap[i] = heap[child];                                                                 \
        }                                                                                          \
        heap[i] = moving;                                                                          \
    }                                                                                              \
    /* Sifts item i up. */                                                                         \
    __attribute__((unused)) static inline void name##_up(context c, item *heap, size_t i) {        \
        item moving = heap[i];                                                                     \
        for (; i > 0 && before(c, &moving, &heap[(i - 1) / 2]); i = (i - 1) / 2)                   \
            heap[i] = heap[(i - 1) / 2];                                                           \
        heap[i] = moving;                                                                          \
    }

#endif
