/**
 * A name server that never responds, as the program experiences it: getaddrinfo does not return.
 *
 * The system's resolver reads its servers from /etc only, so the real program gets a getaddrinfo that waits for ever
 * for one name and calls the real one for the others. Linux only, because it uses LD_PRELOAD; needs a C compiler.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary.js';

/** The name whose lookup never completes. */
export const silentName = 'silent.test';

/** Writes the process to a file, and waits. */
const source = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  if (name == NULL || strcmp(name, "${silentName}") != 0)
    return ((lookup *)dlsym(RTLD_NEXT, "getaddrinfo"))(name, service, hints, found);
  FILE *file = fopen(getenv("LOOKED_UP_BY"), "w");
  fprintf(file, "%d\\n", getpid());
  fclose(file);
  for (;;) pause();
}
`;

const folder = temporaryFolder();
let library: string | null = null;

function compiled(): string {
  if (library !== null) return library;
  const file = join(folder, 'silent.c');
  writeFileSync(file, source);
  const output = join(folder, 'silent.so');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-o', output, file, '-ldl']);
  } catch (error) {
    throw new Error('this test needs a C compiler, as `cc`', { cause: error });
  }
  return (library = output);
}

export interface SilentNames {
  /** The environment in which the lookup of the name never completes. */
  env: Record<string, string>;
  /** Resolves to the process that looks the name up, once it does. */
  lookedUp: Promise<number>;
}

export function silentNames(): SilentNames {
  const own = temporaryFolder();
  const file = join(own, 'pid');
  const lookedUp = new Promise<number>((resolve) => {
    const watcher = watch(own, () => {
      const pid = readFileSync(file, 'utf8');
      if (!pid.endsWith('\n')) return;
      watcher.close();
      resolve(Number(pid));
    });
    // A test whose program looks up nothing must fail instead of waiting.
    watcher.unref();
  });
  return { env: { LD_PRELOAD: compiled(), LOOKED_UP_BY: file }, lookedUp };
}
