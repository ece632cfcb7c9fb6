/**
 * The names of event types, separate from the schema, so that the command line can use them without loading it.
 */
export const eventTypes = ['complete', 'error', 'failed', 'info'] as const;

/** The type of an Event. In the stream it is the name of the server-sent event. */
export type EventType = (typeof eventTypes)[number];

const names: ReadonlySet<string> = new Set(eventTypes);

/** Whether a word is a type of event. */
export function isEventType(name: string): name is EventType {
  return names.has(name);
}
