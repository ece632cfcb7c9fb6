/**
 * The objects of `-o json` and `-o ndjson`, version 1, as schemas. Version 1 only ever grows.
 *
 * Owns the shapes (and through them `lab schema output`). Leaves filling them in to the JSON display.
 */
import * as z from 'zod';
import { eventSchema, eventTypeSchema, metadata } from './event.js';
import type { RawLab } from './lab.js';
import { stageKinds } from './stages.js';
import { failureKinds, successKinds } from './outcome.js';

const common = {
  schema: z.literal(1),
  time: z.iso.datetime().register(metadata, { description: 'RFC 3339, UTC, with milliseconds' }),
  elapsed_ms: z
    .int()
    .nonnegative()
    .register(metadata, { description: 'milliseconds since the command began' }),
};

/** A lab, as its backend reports it: more fields and unknown statuses are kept. */
const labSchema: z.ZodType<RawLab> = z.looseObject({
  status: z.string(),
  internal_url: z.string().nullish(),
  user: z.looseObject({ username: z.string() }).nullish(),
  options: z.looseObject({ image: z.string().nullish(), size: z.string().nullish() }).nullish(),
});

export const readyChecks = ['jupyter', 'http', 'hub'] as const;
/** How it is known that the lab is ready: Jupyter responds, another server does, or only the Hub says so. */
export type ReadyCheck = (typeof readyChecks)[number];

const outcomes = [...successKinds, ...failureKinds, 'interrupted'] as const;

const Start = z.object({
  ...common,
  kind: z.literal('start'),
  command: z.string(),
  user: z.string().nullable().register(metadata, { description: "the lab's user; null for `list`" }),
  controller: z
    .string()
    .nullable()
    .register(metadata, { description: "the controller's URL; null without one" }),
  hub: z
    .string()
    .nullable()
    .optional()
    .register(metadata, { description: "the JupyterHub's URL; null without one" }),
  server: z
    .string()
    .nullable()
    .optional()
    .register(metadata, { description: 'the named server at the Hub; empty for the default server' }),
  request: z
    .looseObject({})
    .nullable()
    .register(metadata, { description: 'the request to the controller; of `env` only the names' }),
});

const EventObject = z.object({
  ...common,
  kind: z.literal('event'),
  seq: z.int().positive().register(metadata, { description: 'counts the events of this run from 1' }),
  event: eventSchema,
});

const Comment = z.object({ ...common, kind: z.literal('comment'), comment: z.string() });

const Connection = z.object({
  ...common,
  kind: z.literal('connection'),
  state: z.enum(['open', 'lost', 'retrying', 'resumed', 'replaced']),
  attempt: z.int().positive(),
  reason: z.string().nullable(),
});

const Skipped = z.object({
  ...common,
  kind: z.literal('skipped'),
  reason: z.string(),
  frame: z
    .object({ event: z.string().nullable(), data: z.string() })
    .nullable()
    .register(metadata, { description: 'the invalid frame; null if it was too large to keep' }),
});

const State = z.object({
  ...common,
  kind: z.literal('state'),
  state: labSchema
    .nullable()
    .register(metadata, { description: "the controller's LabState; null where there is no lab" }),
});

const ResultObject = z.object({
  ...common,
  kind: z.literal('result'),
  outcome: z.enum(outcomes),
  exit_code: z.int(),
  message: z.string(),
  events: z.int().nonnegative().register(metadata, { description: 'how many events were seen' }),
  lab: labSchema.nullable(),
  ready: z.boolean().nullable().optional().register(metadata, {
    description: 'whether the lab itself responds; null if that cannot be found out from here',
  }),
  ready_check: z.enum(readyChecks).optional().register(metadata, {
    description:
      'how it is known that the lab is ready: Jupyter responds, another server does, or the Hub says so',
  }),
  stages: z
    .array(
      z.object({
        kind: z.enum(stageKinds),
        text: z.string(),
        ms: z.int().nonnegative().nullable().register(metadata, {
          description: 'milliseconds; null for what had happened before the stream was opened',
        }),
      }),
    )
    .optional()
    .register(metadata, {
      description: 'where the time went: at most 100 stages; the shortest of more are summed as `other`',
    }),
  users: z.array(z.string()).optional(),
  labs: z
    .array(
      z.object({
        user: z.string(),
        server: z.string(),
        ready: z.boolean().nullable(),
        started: z.string().nullable(),
        last_activity: z.string().nullable(),
        status: z.string().optional(),
        url: z.string().nullable().optional(),
      }),
    )
    .optional()
    .register(metadata, {
      description: 'the servers at a JupyterHub; `server` is empty for the default one',
    }),
  images: z.array(z.object({ name: z.string(), reference: z.string(), checked: z.boolean() })).optional(),
  sizes: z
    .array(
      z.object({
        name: z.string(),
        cpu: z.number().nullable(),
        memory: z.number().nullable().register(metadata, { description: 'bytes' }),
        default: z.boolean(),
      }),
    )
    .optional(),
  profiles: z.record(z.string(), z.looseObject({})).optional(),
  last_event: z
    .object({
      type: eventTypeSchema,
      message: z.string(),
      time: common.time,
      elapsed_ms: common.elapsed_ms,
    })
    .nullable()
    .optional()
    .register(metadata, {
      description: 'after a timeout: the last event; null if there was none',
    }),
  error: z
    .object({
      type: z.string(),
      message: z.string(),
      status: z.int().nullable().register(metadata, { description: 'HTTP status' }),
      hint: z.string().nullable(),
    })
    .optional(),
});

/** One line of `-o ndjson`; the last one, and the only one of `-o json`, is a `result`. */
export const OutputObject = z
  .discriminatedUnion('kind', [Start, EventObject, Comment, Connection, Skipped, State, ResultObject])
  .register(metadata, {
    title: 'Output',
    description: 'One object of `lab -o json` or `lab -o ndjson`, version 1',
  });
export type OutputObject = z.infer<typeof OutputObject>;

export function outputJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(OutputObject, {
    metadata,
    // Version 1 may grow, so validators must accept unknown keys.
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
}
