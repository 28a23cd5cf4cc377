/* Doing the tasks of a kernel on several threads: own threads where POSIX has them, OpenMP where the build asks for it.
 *
 * The threads take one task after the other until none is left, so that a thread that the system holds up holds up
 * nobody else. Who does a task cannot be seen in the result.
 *
 * Own threads are started when they are first needed and then wait for work: for a tenth of a millisecond awake, for a
 * network's next layer follows at once, then asleep. A fork leaves them behind; the child starts its own (gcc's OpenMP would hang
 * there, so that in a child it is used by one thread only).
 */
#if !defined(_WIN32) && !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE
#endif
#include "parallel.h"

#include <stdlib.h>

#if defined(_OPENMP) && defined(CONVKIT_USE_OPENMP)
#define WITH_OPENMP 1
#include <omp.h>
#else
#define WITH_OPENMP 0
#endif
#if !defined(_WIN32) && defined(__GNUC__)
#define POSIX 1
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#else
#define POSIX 0
#include <malloc.h>
#endif

enum { LOOK_EVERY_MS = 40, AWAKE_US = 100, MOST_THREADS = 256 };

typedef struct Job {
    Task task;
    const void *args;
    ptrdiff_t tasks, next; /* next: the first task that nobody has taken yet */
    size_t scratch;
    int flush; /* whether denormal numbers count as zero */
    int stop;
    int wanted;      /* threads that may still come to help */
    unsigned inside; /* threads that are helping */
    struct Job *following;
} Job;

/* Memory of one thread, kept from one job to the next: fresh pages cost more than most layers. */
typedef struct {
    void *memory;
    size_t size;
} Scratch;

#if POSIX
static void *scratch_of(Scratch *scratch, size_t size)
{
    if (size > scratch->size || !scratch->memory) {
        free(scratch->memory);
        scratch->size = 0;
        size = (size + 4095) / 4096 * 4096 + 4096;
        if (posix_memalign(&scratch->memory, 64, size)) scratch->memory = NULL;
        if (scratch->memory) scratch->size = size;
    }
    return scratch->memory;
}

static long long microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static long long milliseconds(void) { return microseconds() / 1000; }

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forget_scratch(void *scratch)
{
    free(((Scratch *)scratch)->memory);
    free(scratch);
}

#if !WITH_OPENMP
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_there = PTHREAD_COND_INITIALIZER, helper_left = PTHREAD_COND_INITIALIZER;
static Job *jobs;            /* those that may want help; under the lock */
static int workers, sleepers; /* threads of our own, and how many of them sleep; under the lock */
static unsigned posted;      /* number of jobs so far: what a thread that waits awake looks at */
#else
static int forked; /* whether this process is a child of one that had used the kernels */
#endif

static void in_child(void)
{
#if !WITH_OPENMP
    /* Only the forking thread lives on, and it was in no kernel: nobody holds what the others held. */
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&work_there, NULL);
    pthread_cond_init(&helper_left, NULL);
    jobs = NULL;
    workers = sleepers = 0;
#else
    forked = 1;
#endif
}

static void set_up(void)
{
    pthread_key_create(&key, forget_scratch);
    pthread_atfork(NULL, NULL, in_child);
}

static Scratch *own_scratch(void)
{
    pthread_once(&once, set_up);
    Scratch *scratch = pthread_getspecific(key);
    if (!scratch && (scratch = calloc(1, sizeof *scratch))) pthread_setspecific(key, scratch);
    return scratch;
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#if !WITH_OPENMP
/* Waits awake while *value is what it was, for AWAKE_US at most; the clock is read now and then. */
static void wait_awake(const unsigned *value, unsigned was)
{
    enum { BETWEEN = 50 };
    long long end = microseconds() + AWAKE_US;
    do
        for (int i = 0; i < BETWEEN; i++) {
            if (__atomic_load_n(value, __ATOMIC_ACQUIRE) != was) return;
            relax();
        }
    while (microseconds() < end);
}
#endif

/* The register that says, for this thread, how the processor treats denormal numbers: as zero where the bits of FLUSH are set,
 * both what is read and what comes out. */
#if defined(__x86_64__)
enum { FLUSH = 0x8040 }; /* of MXCSR: flush to zero, denormals are zero */
static inline unsigned long get_mode(void) { return __builtin_ia32_stmxcsr(); }
static inline void set_mode(unsigned long mode) { __builtin_ia32_ldmxcsr((unsigned)mode); }
#elif defined(__aarch64__)
enum { FLUSH = 1 << 24 }; /* of FPCR */
static inline unsigned long get_mode(void)
{
    unsigned long mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}
static inline void set_mode(unsigned long mode) { __asm__ volatile("msr fpcr, %0" ::"r"(mode)); }
#else
enum { FLUSH = 0 };
static inline unsigned long get_mode(void) { return 0; }
static inline void set_mode(unsigned long mode) { (void)mode; }
#endif

/* What this thread is working on. */
typedef struct {
    Job *job;
    int (*look)(void);
    long long last_look;
    unsigned long mode; /* the thread's own, outside of its tasks */
} Current;

static __thread Current current;

static inline void enter_mode(void)
{
    if (current.job->flush) set_mode(current.mode | FLUSH);
}
static inline void leave_mode(void)
{
    if (current.job->flush) set_mode(current.mode);
}

int parallel_stopped(void)
{
    Job *job = current.job;
    if (current.look && milliseconds() - current.last_look >= LOOK_EVERY_MS) {
        leave_mode(); /* somebody's handler of a signal may run now, and call kernels itself */
        if (current.look()) __atomic_store_n(&job->stop, 1, __ATOMIC_RELAXED);
        enter_mode();
        current.last_look = milliseconds();
    }
    return __atomic_load_n(&job->stop, __ATOMIC_RELAXED);
}

/* Take and do tasks until none is left; look may be NULL. */
static void work_on(Job *job, void *memory, int (*look)(void))
{
    Current outer = current;
    current = (Current){.job = job, .look = look, .last_look = look ? milliseconds() : 0, .mode = get_mode()};
    enter_mode();
    while (!parallel_stopped()) {
        ptrdiff_t t = __atomic_fetch_add(&job->next, 1, __ATOMIC_RELAXED);
        if (t >= job->tasks) break;
        job->task(job->args, t, memory);
    }
    leave_mode();
    current = outer;
}

#if !WITH_OPENMP
static void *worker(void *unused)
{
    (void)unused;
    Scratch scratch = {0};
    pthread_mutex_lock(&lock);
    for (;;) {
        Job *job = jobs;
        while (job && !job->wanted) job = job->following;
        if (!job) {
            unsigned seen = posted;
            pthread_mutex_unlock(&lock);
            wait_awake(&posted, seen);
            pthread_mutex_lock(&lock);
            if (posted == seen) {
                sleepers++;
                pthread_cond_wait(&work_there, &lock);
                sleepers--;
            }
            continue;
        }
        job->wanted--;
        job->inside++;
        pthread_mutex_unlock(&lock);
        void *memory = scratch_of(&scratch, job->scratch);
        if (memory) work_on(job, memory, NULL); /* without memory the others do it */
        pthread_mutex_lock(&lock);
        __atomic_store_n(&job->inside, job->inside - 1, __ATOMIC_RELEASE);
        if (!job->inside) pthread_cond_broadcast(&helper_left);
    }
    return NULL;
}

/* Under the lock: as many workers as are wanted, if the system lets us have them. */
static void start_workers(int wanted)
{
    sigset_t all, before;
    sigfillset(&all);
    while (workers < wanted && workers < MOST_THREADS) {
        pthread_t thread;
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for Python's own threads */
        int failed = pthread_create(&thread, &attributes, worker, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        if (failed) return;
        workers++;
    }
}

static void with_helpers(Job *job, void *memory, int threads, int (*look)(void))
{
    pthread_mutex_lock(&lock);
    start_workers(threads - 1);
    job->wanted = threads - 1;
    job->following = jobs;
    jobs = job;
    __atomic_store_n(&posted, posted + 1, __ATOMIC_RELEASE);
    for (int i = 0; i < sleepers && i < job->wanted; i++) pthread_cond_signal(&work_there);
    pthread_mutex_unlock(&lock);

    work_on(job, memory, look);

    pthread_mutex_lock(&lock);
    Job **at = &jobs;
    while (*at != job) at = &(*at)->following;
    *at = job->following;
    for (unsigned inside = job->inside; inside; inside = job->inside) {
        pthread_mutex_unlock(&lock);
        wait_awake(&job->inside, inside);
        pthread_mutex_lock(&lock);
        if (job->inside == inside) break;
    }
    while (job->inside) pthread_cond_wait(&helper_left, &lock);
    pthread_mutex_unlock(&lock);
}
#else
static void with_helpers(Job *job, void *memory, int threads, int (*look)(void))
{
    if (forked) threads = 1;
#pragma omp parallel num_threads(threads)
    {
        Scratch *scratch;
        if (omp_get_thread_num() == 0)
            work_on(job, memory, look);
        else if ((scratch = own_scratch()) && scratch_of(scratch, job->scratch))
            work_on(job, scratch->memory, NULL);
    }
}
#endif

int parallel_run(Task task, const void *args, ptrdiff_t tasks, size_t scratch, int threads, int flush, int (*look)(void))
{
    Scratch *own = own_scratch();
    void *memory = own ? scratch_of(own, scratch) : NULL;
    if (!memory) return PARALLEL_NO_MEMORY;
    Job job = {.task = task, .args = args, .tasks = tasks, .scratch = scratch, .flush = flush};
    threads = (int)SMALLER(SMALLER((ptrdiff_t)threads, tasks), (ptrdiff_t)MOST_THREADS);
    if (threads > 1)
        with_helpers(&job, memory, threads, look);
    else
        work_on(&job, memory, look);
    return job.stop ? PARALLEL_STOPPED : PARALLEL_DONE;
}
#else
int parallel_run(Task task, const void *args, ptrdiff_t tasks, size_t scratch, int threads, int flush, int (*look)(void))
{
    int stop = 0, no_memory = 0;
    ptrdiff_t t;
    (void)threads, (void)flush; /* (nothing is built there that would be slow) */
#if WITH_OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(threads)
#endif
    for (t = 0; t < tasks; t++) {
        void *memory;
        if (stop || no_memory) continue;
        memory = _aligned_malloc(scratch + 64, 64);
        if (!memory) {
            no_memory = 1;
            continue;
        }
        task(args, t, memory);
        _aligned_free(memory);
#if WITH_OPENMP
        if (omp_get_thread_num() == 0)
#endif
            if (look()) stop = 1;
    }
    return no_memory ? PARALLEL_NO_MEMORY : stop ? PARALLEL_STOPPED : PARALLEL_DONE;
}

int parallel_stopped(void) { return 0; } /* only between tasks */
#endif

const char *parallel_backend(void)
{
    return WITH_OPENMP ? "OpenMP" : POSIX ? "threads" : "one thread";
}
