/* check.h - harness of the native tests: a program is a list of test functions; exit status 1 if
 * any fails.
 *
 * CHECK records a failure with its place and continues. Each program ends with "NAME: N passed, N
 * failed, N skipped".
 */
#ifndef JL_CHECK_H
#define JL_CHECK_H

#include <stdio.h>
#include <stdlib.h>

static int check_failed_here, check_passed, check_failed, check_skipped;

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            if (check_failed_here++ < 10) {                                                        \
                printf("  %s:%d: %s:", __FILE__, __LINE__, #condition);                            \
                printf(" " __VA_ARGS__);                                                           \
                printf("\n");                                                                      \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* Ends the running test and counts it as skipped, with the reason. */
#define SKIP(...)                                                                                  \
    do {                                                                                           \
        printf("skip: " __VA_ARGS__);                                                              \
        printf("\n");                                                                              \
        check_skipped++;                                                                           \
        return;                                                                                    \
    } while (0)

#define RUN(test)                                                                                  \
    do {                                                                                           \
        int skipped_before = check_skipped;                                                        \
        check_failed_here = 0;                                                                     \
        test();                                                                                    \
        if (check_failed_here) {                                                                   \
            check_failed++;                                                                        \
            printf("FAIL %s (%d checks)\n", #test, check_failed_here);                             \
        } else if (check_skipped == skipped_before) {                                              \
            check_passed++;                                                                        \
            printf("ok   %s\n", #test);                                                            \
        }                                                                                          \
    } while (0)

static inline int check_report(const char *name) {
    printf("%s: %d passed, %d failed, ", name, check_passed, check_failed);
    printf("%d skipped\n", check_skipped);
    return check_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
