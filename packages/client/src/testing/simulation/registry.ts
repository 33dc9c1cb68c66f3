// The list of a device's databases, as far as a simulated run looks at it.

const isList = (input: unknown): input is readonly unknown[] => Array.isArray(input);

/** As far as it is known here; the client's own reader is what is tested. */
export function parseRegistry(input: unknown) {
  const fields = new Map(typeof input === "object" && input !== null ? Object.entries(input) : []);
  const [vaults, moves]: readonly unknown[] = [fields.get("vaults"), fields.get("moves")];
  return {
    vaults: (isList(vaults) ? vaults : []).flatMap((pair) =>
      isList(pair) ? [[String(pair[0]), String(pair[1])] as const] : [],
    ),
    moves: (isList(moves) ? moves : []).flatMap((move) =>
      typeof move === "object" && move !== null && "from" in move && "to" in move
        ? [{ from: String(move.from), to: String(move.to) }]
        : [],
    ),
  };
}
