/* A stand-in for the authors' GloVe program (github.com/stanfordnlp/GloVe), written for this comparison: the same
   arithmetic, memory and files. Double precision; rows of d + 1 with the bias at the end, sums of squares apart;
   training reads shuffled records one by one; counting keeps frequent pairs in a table of all products of ranks below a
   limit, the others in a buffer that is sorted, added up and merged.

       glove_peer count ids window n_words table_entries buffer_records out    (ids: int32, -1 ends a line)
       glove_peer train records n_words d epochs threads x_max                 prints seconds and loss of each epoch */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    int word, context;
    double x;
} record;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double *w, *squares, loss[64];
static long n_words, d, n_records, threads;
static double x_max;
static const char *file;

static void *train_part(void *number) {
    const long id = (long)number, share = n_records / threads;
    FILE *in = fopen(file, "rb");
    record r;
    fseek(in, id * share * (long)sizeof r, SEEK_SET);
    loss[id] = 0;
    for (long k = id == threads - 1 ? n_records - id * share : share; k > 0 && fread(&r, sizeof r, 1, in) == 1; k--) {
        double *a = w + r.word * (d + 1), *b = w + (n_words + r.context) * (d + 1);
        double *a2 = squares + (a - w), *b2 = squares + (b - w), diff = 0;
        for (long j = 0; j < d; j++) diff += a[j] * b[j];
        diff += a[d] + b[d] - log(r.x);
        double f = r.x > x_max ? diff : pow(r.x / x_max, 0.75) * diff;
        loss[id] += 0.5 * f * diff;
        f *= 0.05;
        for (long j = 0; j < d; j++) {
            const double step_a = f * b[j], step_b = f * a[j];
            a[j] -= step_a / sqrt(a2[j]);
            b[j] -= step_b / sqrt(b2[j]);
            a2[j] += step_a * step_a;
            b2[j] += step_b * step_b;
        }
        a[d] -= f / sqrt(a2[d]);
        b[d] -= f / sqrt(b2[d]);
        a2[d] += f * f;
        b2[d] += f * f;
    }
    fclose(in);
    return 0;
}

static void train(int epochs) {
    const long n = 2 * n_words * (d + 1);
    w = aligned_alloc(128, (size_t)(n + 16) / 16 * 128), squares = aligned_alloc(128, (size_t)(n + 16) / 16 * 128);
    for (long k = 0; k < n; k++) w[k] = (rand() / (double)RAND_MAX - 0.5) / (double)d, squares[k] = 1;
    FILE *in = fopen(file, "rb");
    fseek(in, 0, SEEK_END);
    n_records = ftell(in) / (long)sizeof(record);
    fclose(in);
    for (int e = 0; e < epochs; e++) {
        const double start = now();
        double sum = 0;
        pthread_t t[64];
        for (long k = 0; k < threads; k++) pthread_create(&t[k], 0, train_part, (void *)k);
        for (long k = 0; k < threads; k++) pthread_join(t[k], 0), sum += loss[k];
        printf("%.4f %.6f\n", now() - start, sum / (double)n_records);
        fflush(stdout);
    }
}

static int by_pair(const void *p, const void *q) {
    const record *a = p, *b = q;
    return a->word != b->word ? (a->word < b->word ? -1 : 1) : (a->context > b->context) - (a->context < b->context);
}

/* Writes a sorted run, equal pairs added up. */
static long write_run(record *r, long n, FILE *out) {
    long m = 0;
    qsort(r, (size_t)n, sizeof *r, by_pair);
    for (long k = 0; k < n; k++)
        if (m && by_pair(&r[m - 1], &r[k]) == 0) r[m - 1].x += r[k].x;
        else r[m++] = r[k];
    fwrite(r, sizeof *r, (size_t)m, out);
    return m;
}

/* Merges sorted runs. */
static long merge(FILE **run, int n_runs, const char *out_name) {
    record *head = calloc((size_t)n_runs, sizeof *head), last = {-1, -1, 0};
    char *live = calloc((size_t)n_runs, 1);
    FILE *out = fopen(out_name, "wb");
    long n = 0;
    for (int k = 0; k < n_runs; k++) rewind(run[k]), live[k] = fread(&head[k], sizeof *head, 1, run[k]) == 1;
    for (;;) {
        int least = -1;
        for (int k = 0; k < n_runs; k++)
            if (live[k] && (least < 0 || by_pair(&head[k], &head[least]) < 0)) least = k;
        if (least >= 0 && by_pair(&head[least], &last) == 0) last.x += head[least].x;
        else {
            if (last.word >= 0) fwrite(&last, sizeof last, 1, out), n++;
            if (least < 0) break;
            last = head[least];
        }
        live[least] = fread(&head[least], sizeof *head, 1, run[least]) == 1;
    }
    fclose(out);
    return n;
}

static void count(const char *ids, long window, long table, long room, const char *out) {
    FILE *in = fopen(ids, "rb"), *run[256];
    record *buffer = malloc((size_t)(room + 2 * window) * sizeof *buffer);
    long *row = malloc((size_t)(n_words + 1) * sizeof *row), n = 0;
    int *past = malloc((size_t)window * sizeof *past), word, n_runs = 0;
    row[0] = 0;
    for (long k = 0; k < n_words; k++) row[k + 1] = row[k] + (table / (k + 1) < n_words ? table / (k + 1) : n_words);
    double *dense = calloc((size_t)row[n_words], sizeof *dense);
    for (long at = 0; fread(&word, sizeof word, 1, in) == 1; at = word < 0 ? 0 : at + 1) {
        if (word < 0) continue;
        for (long k = 1; k <= window && k <= at; k++) {
            const int other = past[(at - k) % window];
            for (int turn = 0; turn < 2; turn++) {
                const int a = turn ? word : other, b = turn ? other : word;
                if (b < row[a + 1] - row[a]) dense[row[a] + b] += 1.0 / (double)k;
                else buffer[n++] = (record){a, b, 1.0 / (double)k};
            }
        }
        past[at % window] = word;
        if (n >= room) run[n_runs] = tmpfile(), write_run(buffer, n, run[n_runs++]), n = 0;
    }
    run[n_runs] = tmpfile(), write_run(buffer, n, run[n_runs++]);
    run[n_runs] = tmpfile();
    for (int a = 0; a < n_words; a++)
        for (int b = 0; b < row[a + 1] - row[a]; b++)
            if (dense[row[a] + b] != 0) fwrite(&(record){a, b, dense[row[a] + b]}, sizeof(record), 1, run[n_runs]);
    printf("%ld\n", merge(run, n_runs + 1, out));
}

int main(int argc, char **argv) {
    file = argv[2];
    if (argc == 8 && !strcmp(argv[1], "train")) {
        n_words = atol(argv[3]), d = atol(argv[4]), threads = atol(argv[6]), x_max = atof(argv[7]);
        train(atoi(argv[5]));
    } else if (argc == 8) {
        n_words = atol(argv[4]);
        count(file, atol(argv[3]), atol(argv[5]), atol(argv[6]), argv[7]);
    }
    return 0;
}
