const loaders: (() => Promise<unknown>)[] = [];

/**
 * A module that is loaded at its first use and then kept. `import()` alone does not keep it: it looks
 * for the file every time, and after an upgrade the file is another one or gone.
 */
export function lazy<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  const once = () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
  loaders.push(once);
  return once;
}

/** Loads them all, for a process that lives long. What cannot be loaded says so when it is used. */
export async function loadLazyModules(): Promise<void> {
  // What is loaded may bring lazy modules of its own.
  for (let done = 0; done < loaders.length; ) {
    const rest = loaders.slice(done);
    done = loaders.length;
    await Promise.allSettled(rest.map((load) => load()));
  }
}
