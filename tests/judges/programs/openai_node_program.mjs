// openai for Node.js: its OpenAIRealtimeWS, which talks over TLS alone. It carries events; turns are the application's.

import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { check, KEY, MODEL, speakAndBeHeard, Talk, URL_OF_SERVICE, writeAndStop } from './judged.mjs';

const baseURL = URL_OF_SERVICE.replace('wss:', 'https:').replace(/\/realtime$/, '');
const realtime = await OpenAIRealtimeWS.create(new OpenAI({ apiKey: KEY, baseURL }), { model: MODEL });
const talk = new Talk();
let itemId;
let responseId;

/** Says where listening ended, once for an item. */
function truncate() {
  if (itemId === undefined) return;
  const heardMs = Math.floor(Math.min(Date.now() - talk.heardSince, talk.seconds * 1000));
  realtime.send({ type: 'conversation.item.truncate', item_id: itemId, content_index: 0, audio_end_ms: heardMs });
  talk.interruptions += 1;
  itemId = undefined;
}

realtime.on('error', (error) => talk.errors.push(error.message));
realtime.on('response.created', (event) => {
  responseId = event.response.id;
});
realtime.on('response.output_audio.delta', (event) => {
  if (itemId !== event.item_id) talk.clear();
  itemId = event.item_id;
  talk.heard(Uint8Array.from(Buffer.from(event.delta, 'base64')));
});
realtime.on('response.output_audio_transcript.delta', (event) => {
  talk.assistantSaid.set(event.item_id, (talk.assistantSaid.get(event.item_id) ?? '') + event.delta);
});
realtime.on('conversation.item.input_audio_transcription.completed', (event) => {
  talk.userSaid.set(event.item_id, event.transcript);
});
realtime.on('input_audio_buffer.speech_started', () => {
  if (Date.now() < talk.heardSince + talk.seconds * 1000) truncate();
});
realtime.on('response.done', () => {
  responseId = undefined;
  talk.answers += 1;
});
realtime.on('event', () => talk.changed());

const updated = new Promise((resolve) => realtime.on('session.updated', resolve));
await new Promise((resolve) => realtime.on('session.created', resolve));
realtime.send({
  type: 'session.update',
  session: {
    type: 'realtime',
    instructions: 'You are a helpful voice assistant. Answer briefly.',
    output_modalities: ['audio'],
    audio: {
      input: {
        format: { type: 'audio/pcm', rate: 24000 },
        transcription: { model: 'gpt-4o-mini-transcribe', language: 'en' },
        turn_detection: { type: 'semantic_vad', eagerness: 'high', create_response: true, interrupt_response: true },
      },
      output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'marin', speed: 1.0 },
    },
  },
});
await updated;
const speaking = talk.microphone.speakTo((chunk) =>
  realtime.send({ type: 'input_audio_buffer.append', audio: chunk.toString('base64') }),
);
await speakAndBeHeard(talk);
await writeAndStop(
  talk,
  (text) => {
    const content = [{ type: 'input_text', text }];
    realtime.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    realtime.send({ type: 'response.create' });
  },
  () => {
    realtime.send({ type: 'response.cancel', response_id: responseId });
    truncate();
  },
);
check('no errors are reported to the application', talk.errors.length === 0, talk.errors.join('; '));
talk.microphone.close();
await speaking;
const closed = new Promise((resolve) => realtime.socket.on('close', resolve));
realtime.close({ code: 1000, reason: 'OK' });
check('it ends', (await closed) === 1000);
