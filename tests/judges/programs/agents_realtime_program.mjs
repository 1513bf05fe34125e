// @openai/agents-realtime: a RealtimeSession over the WebSocket transport, as its documentation shows it.

import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';

import { check, KEY, MODEL, speakAndBeHeard, Talk, URL_OF_SERVICE, writeAndStop } from './judged.mjs';

function follow(session, talk) {
  const note = (item) => {
    if (item.type !== 'message') return;
    const words = item.content.map((part) => part.transcript ?? part.text ?? '').join(' ');
    const said = item.role === 'assistant' ? talk.assistantSaid : talk.userSaid;
    if (words || !said.has(item.itemId)) said.set(item.itemId, words);
  };
  session.on('audio', (event) => talk.heard(new Uint8Array(event.data)));
  session.on('audio_interrupted', () => {
    talk.interruptions += 1;
    talk.changed();
  });
  session.on('history_added', note);
  session.on('history_updated', (history) => {
    history.forEach(note);
    talk.changed();
  });
  session.on('transport_event', (event) => {
    if (event.type === 'response.done') talk.answers += 1;
    talk.changed();
  });
  session.on('error', (event) => talk.errors.push(JSON.stringify(event)));
}

/** `serviceInterrupts`: the service cancels an answer when the user speaks; else the library does. */
async function talkWith(serviceInterrupts) {
  const agent = new RealtimeAgent({
    name: 'Judge',
    instructions: 'You are a helpful voice assistant. Answer briefly.',
    voice: 'marin',
  });
  const turnDetection = {
    type: 'server_vad',
    threshold: 0.5,
    silenceDurationMs: 500,
    createResponse: true,
    interruptResponse: serviceInterrupts,
  };
  const session = new RealtimeSession(agent, {
    transport: new OpenAIRealtimeWebSocket({ url: `${URL_OF_SERVICE}?model=${MODEL}` }),
    model: MODEL,
    config: {
      audio: {
        input: {
          transcription: { model: 'gpt-4o-mini-transcribe' },
          noiseReduction: { type: 'near_field' },
          turnDetection,
        },
      },
    },
  });
  const talk = new Talk();
  follow(session, talk);
  await session.connect({ apiKey: KEY, url: `${URL_OF_SERVICE}?model=${MODEL}` });
  const speaking = talk.microphone.speakTo((chunk) => session.sendAudio(chunk.buffer.slice(0)));
  await speakAndBeHeard(talk);
  if (!serviceInterrupts) await writeAndStop(talk, (text) => session.sendMessage(text), () => session.interrupt());
  check('no errors are reported to the application', talk.errors.length === 0, talk.errors.join('; '));
  talk.microphone.close();
  await speaking;
  session.close();
}

await talkWith(true);
await talkWith(false);
