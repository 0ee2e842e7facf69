/* What two pipes and a process cost: each worker gets a line, answers it, and gets the next.
 *
 *     pingpong <messages> <workers> <line> <program> [<argument>...]
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 64 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

int main(int count, char **words) {
    if (count < 5) {
        fprintf(stderr, "usage: pingpong <messages> <workers> <line> <program> [<argument>...]\n");
        return 64;
    }
    long messages = atol(words[1]), sent = 0, answered = 0;
    int workers = atoi(words[2]);
    if (workers < 1 || workers > WORKERS) return 64;
    size_t length = strlen(words[3]);
    char *line = malloc(length + 1);
    if (!line) die("malloc");
    memcpy(line, words[3], length);
    line[length] = '\n';

    int in[WORKERS];
    struct pollfd out[WORKERS];
    for (int i = 0; i < workers; i++) {
        int to[2], from[2];
        if (pipe(to) || pipe(from)) die("pipe");
        pid_t child = fork();
        if (child < 0) die("fork");
        if (child == 0) {
            dup2(to[0], 0);
            dup2(from[1], 1);
            for (int fd = 3; fd < 1024; fd++) close(fd);
            execvp(words[4], words + 4);
            die(words[4]);
        }
        close(to[0]);
        close(from[1]);
        in[i] = to[1];
        out[i] = (struct pollfd){.fd = from[0], .events = POLLIN};
    }
    double start = 0;
    static char answer[1 << 16];
    for (int i = 0; i < workers; i++, sent++)
        if (write(in[i], line, length + 1) != (ssize_t)length + 1) die("write");
    while (answered < messages) {
        if (poll(out, workers, -1) < 0) die("poll");
        for (int i = 0; i < workers; i++) {
            if (!out[i].revents) continue;
            ssize_t got = read(out[i].fd, answer, sizeof answer);
            if (got <= 0) die("read");
            if (answer[got - 1] != '\n') continue;
            /* Their start does not count. */
            if (++answered == workers) start = now();
            if (sent < messages && ++sent && write(in[i], line, length + 1) != (ssize_t)length + 1) die("write");
        }
    }
    printf("rate=%.0f\n", (messages - workers) / (now() - start));
    for (int i = 0; i < workers; i++) close(in[i]);
    while (wait(NULL) > 0) {}
    return 0;
}
