// A disk that loses its power: preloaded into a server, it remembers what each write to the database files replaced until the file is synced, and at the write
// with the given number it takes back everything that was not synced, newest first, and ends the process. A real disk keeps some of what was not synced and
// tears some of it; this one keeps nothing of it, which is the hardest case for a promise of durability.
//
//   POWERCUT_FILE    only files with this in their name, never the shared memory of SQLite (-shm)
//   POWERCUT_WRITE   the number of the write at which the power goes, from 1
//   POWERCUT_REPORT  a file that is told how many writes were taken back
//
// It sees calls of the C library: SQLite's, not Go's own.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct undo {
	struct undo *older;
	int file;      // index in files
	off_t at, size; // where it was written, and how large the file was before
	size_t had;    // how much of it the file had
	unsigned char old[];
};

static struct {
	dev_t dev;
	ino_t ino;
	int own; // a descriptor of our own, -1 for a file that is not watched
} files[256];
static int count;
static struct undo *newest;
static long writes, cut;
static const char *name, *report;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int), (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
	real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
	real_fsync = dlsym(RTLD_NEXT, "fsync");
	real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
	name = getenv("POWERCUT_FILE");
	report = getenv("POWERCUT_REPORT");
	const char *number = getenv("POWERCUT_WRITE");
	cut = number ? atol(number) : 0;
}

// watched returns the index of a watched file, or -1.
static int watched(int fd) {
	struct stat stat;
	if (!name || fstat(fd, &stat) != 0) return -1;
	for (int i = 0; i < count; i++)
		if (files[i].dev == stat.st_dev && files[i].ino == stat.st_ino) return files[i].own < 0 ? -1 : i;
	if (count == (int)(sizeof files / sizeof *files)) return -1;
	char link[64], path[4096];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path - 1);
	if (length < 0) return -1;
	path[length] = 0;
	files[count].dev = stat.st_dev;
	files[count].ino = stat.st_ino;
	files[count].own = strstr(path, name) && !strstr(path, "-shm") ? open(path, O_RDWR | O_CLOEXEC) : -1;
	return files[count++].own < 0 ? -1 : count - 1;
}

static void power_goes(void) {
	long undone = 0;
	for (struct undo *u = newest; u; u = u->older, undone++) {
		if (u->had) real_pwrite(files[u->file].own, u->old, u->had, u->at);
		if (ftruncate(files[u->file].own, u->size) != 0) _exit(1);
	}
	FILE *out = report ? fopen(report, "w") : NULL;
	if (out) {
		fprintf(out, "%ld\n", undone);
		fclose(out);
	}
	_exit(137);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) {
	pthread_mutex_lock(&lock);
	int file = watched(fd);
	if (file >= 0) {
		if (++writes == cut) power_goes();
		struct stat stat;
		struct undo *u = malloc(sizeof *u + length);
		if (u && fstat(fd, &stat) == 0) {
			ssize_t had = pread(files[file].own, u->old, length, at);
			u->file = file, u->at = at, u->size = stat.st_size, u->had = had < 0 ? 0 : (size_t)had;
			u->older = newest, newest = u;
		}
	}
	ssize_t written = real_pwrite(fd, data, length, at);
	pthread_mutex_unlock(&lock);
	return written;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return pwrite64(fd, data, length, at); }

static int synced(int fd, int (*sync)(int)) {
	pthread_mutex_lock(&lock);
	int result = sync(fd), file = watched(fd);
	for (struct undo **u = &newest; result == 0 && *u;) {
		if ((*u)->file != file) {
			u = &(*u)->older;
			continue;
		}
		struct undo *safe = *u;
		*u = safe->older;
		free(safe);
	}
	pthread_mutex_unlock(&lock);
	return result;
}

int fsync(int fd) { return synced(fd, real_fsync); }
int fdatasync(int fd) { return synced(fd, real_fdatasync); }
