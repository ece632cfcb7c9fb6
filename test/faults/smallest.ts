/**
 * Makes a story that went wrong smaller, as long as it goes wrong in the same way.
 *
 * Owns the search. Each kind of story says how it is played, and which stories are smaller.
 */
export interface Shrinking<Story> {
  /** What was wrong with a story; empty if nothing was. */
  complaintsOf: (story: Story) => Promise<readonly string[]>;
  /** Stories that are a little smaller, those with the most left out first. */
  smallerThan: (story: Story) => Iterable<Story>;
  /** Maximum number of stories played in search of a smaller one. */
  patience: number;
  /** The number of characters by which two complaints are compared. */
  compared: number;
}

export async function smallest<Story>(
  story: Story,
  { complaintsOf, smallerThan, patience, compared }: Shrinking<Story>,
): Promise<Story> {
  /** The first complaint, without its numbers; null if there is no complaint. */
  const firstOf = async (each: Story): Promise<string | null> => {
    const [first] = await complaintsOf(each);
    return first?.replace(/\d+/g, '').slice(0, compared) ?? null;
  };
  const complaint = await firstOf(story);
  let found = story;
  let left = patience;
  for (let changed = true; changed && complaint !== null;) {
    changed = false;
    for (const smaller of smallerThan(found)) {
      if (left-- <= 0) return found;
      if ((await firstOf(smaller)) === complaint) {
        found = smaller;
        changed = true;
        break;
      }
    }
  }
  return found;
}
