/**
 * The simulated platform for tests of the client, with a lab that starts at once, and the requests that arrive at its Hub.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  startPlatform,
  type PlatformOptions as SimulatorOptions,
  type SimulatedPlatform,
} from '../../src/simulator/platform/platform.js';
import { immediate, quickDeletion } from '../../src/simulator/stories/stories.js';
import './closing.js';

export interface PlatformOptions extends Omit<SimulatorOptions, 'onRequest'> {
  /** Called for every request; true if it has sent the response itself. */
  answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface Platform extends SimulatedPlatform {
  /** The requests below the Hub's prefix: the method, the path, and the headers that the client has sent. */
  asked: { method: string; url: string; headers: IncomingMessage['headers'] }[];
}

/** Options of a spawn that the controller accepts. */
export const labOptions = { image_class: 'recommended', size: 'small' };

export async function openPlatform({ answer, ...options }: PlatformOptions): Promise<Platform> {
  const asked: Platform['asked'] = [];
  const platform = await startPlatform({
    scenario: {
      summary: 'a lab that starts at once',
      lab: { spawn: immediate, deletion: quickDeletion },
      delayMs: 0,
      listenMs: 0,
    },
    ...options,
    onRequest(request, response) {
      const { method = '', url = '', headers } = request;
      // The ingress changes the headers.
      if (url.startsWith('/nb/')) asked.push({ method, url, headers: { ...headers } });
      return answer?.(request, response) === true;
    },
  });
  return Object.assign(platform, { asked });
}
