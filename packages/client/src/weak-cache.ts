/** One value for each key while somebody holds it: a list of a hundred thousand records must not keep what it once showed. */
export function cached<K, V extends object>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, WeakRef<V>>();
  let sweepAt = 64;
  return (key) => {
    const known = made.get(key)?.deref();
    if (known) return known;
    if (made.size >= sweepAt) {
      for (const [other, reference] of made) if (!reference.deref()) made.delete(other);
      sweepAt = Math.max(64, made.size * 2);
    }
    const value = make(key);
    made.set(key, new WeakRef(value));
    return value;
  };
}
