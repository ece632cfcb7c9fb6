// A controller in its own process, which prints its port. The first word of the path chooses what /…/events sends:
// N events as fast as the client reads them (/N), one event every N milliseconds (/spawnN), or one event and then only
// pings (/slow). Every other request gets a pending lab.
import { createServer } from 'node:http';

const piece = 100;

createServer((request, response) => {
  const [, kind] = request.url.split('/');
  if (kind === 'auth') {
    response.writeHead(404).end();
    return;
  }
  if (!request.url.endsWith('/events')) {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status": "pending"}');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (kind === 'slow') quiet(response);
  else if (kind.startsWith('spawn')) lab(response, Number(kind.slice('spawn'.length)));
  else flood(response, Number(kind));
}).listen(0, '127.0.0.1', function () {
  process.stdout.write(`${this.address().port}\n`);
});

function frame(message, progress) {
  return `event: info\r\ndata: ${JSON.stringify({ message, progress })}\r\n\r\n`;
}

function flood(response, count) {
  let sent = 0;
  const pump = () => {
    while (sent < count) {
      let text = '';
      for (const end = Math.min(sent + piece, count); sent < end; sent++) {
        text += frame(`Layer ${sent} of the notebook image was extracted`, 73);
      }
      if (!response.write(text)) {
        response.once('drain', pump);
        return;
      }
    }
    response.end('event: complete\r\ndata: {"message": "done"}\r\n\r\n');
  };
  pump();
}

/** A normal spawn: twelve events, one every `ms` milliseconds. */
function lab(response, ms) {
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    response.write(frame(`Step ${sent} of the spawn`, Math.min(6 * sent, 73)));
    if (sent < 12) return;
    clearInterval(timer);
    response.end('event: complete\r\ndata: {"message": "done"}\r\n\r\n');
  }, ms);
  response.on('close', () => clearInterval(timer));
}

/** One event, then a ping every 15 s. */
function quiet(response) {
  response.write(frame('Pulling image', 35));
  const timer = setInterval(
    () => response.write(': ping - 2026-11-25 03:00:00.000000+00:00\r\n\r\n'),
    15_000,
  );
  response.on('close', () => clearInterval(timer));
}
