// The shortest loop that turns a stream into lines: undici, eventsource-parser, JSON.parse, zod, JSON.stringify.
import { createParser } from 'eventsource-parser';
import { request } from 'undici';
import { z } from 'zod';

const Event = z.object({
  type: z.enum(['complete', 'error', 'failed', 'info']),
  message: z.string(),
  progress: z.int().gt(0).lte(100).nullable().default(null),
});
const parser = createParser({
  onEvent: ({ event, data }) => {
    process.stdout.write(`${JSON.stringify(Event.parse({ ...JSON.parse(data), type: event }))}\n`);
  },
});
const decoder = new TextDecoder();
const { body } = await request(process.argv[2]);
for await (const chunk of body) parser.feed(decoder.decode(chunk, { stream: true }));
