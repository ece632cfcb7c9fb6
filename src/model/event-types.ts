/**
 * The names of event types, apart from the schema, so that the command line can know them without loading it.
 */
export const eventTypes = ['complete', 'error', 'failed', 'info'] as const;

/** What an Event can be. On the wire it is the server-sent event's name. */
export type EventType = (typeof eventTypes)[number];

const names: ReadonlySet<string> = new Set(eventTypes);

/** Whether a word is a type of event. */
export function isEventType(name: string): name is EventType {
  return names.has(name);
}
