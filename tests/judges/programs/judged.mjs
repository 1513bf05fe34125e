// What the judges in JavaScript have in common; judged.py is the same in Python, with the words that explain it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const URL_OF_SERVICE = process.env.JUDGED_URL;
export const KEY = process.env.JUDGED_KEY;
export const MODEL = 'judge';

const RATE_HZ = 24_000;
const CHUNK_MS = 20;
const CHUNK_BYTES = (RATE_HZ * CHUNK_MS * 2) / 1000;
const PATIENCE_MS = 60_000;

export function check(name, passed, found = '') {
  console.log(JSON.stringify({ check: name, passed: Boolean(passed), found: String(found) }));
}

export function says(text, ...wanted) {
  const words = text.toLowerCase().replace(/[^a-z0-9 ]/g, ' ');
  return wanted.some((word) => words.includes(word));
}

/** The user: speaks a file when told to, and is silent otherwise, at the speed of time. */
class Microphone {
  #waiting = Buffer.alloc(0);
  #isOver = false;

  say(name) {
    this.#waiting = Buffer.concat([this.#waiting, readFileSync(join(process.env.JUDGED_VOICES, `${name}.pcm`))]);
  }

  async speakTo(send) {
    let due = Date.now();
    while (!this.#isOver) {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      this.#waiting.copy(chunk, 0, 0, CHUNK_BYTES);
      this.#waiting = this.#waiting.subarray(CHUNK_BYTES);
      send(chunk);
      due += CHUNK_MS;
      await sleep(Math.max(0, due - Date.now()));
    }
  }

  close() {
    this.#isOver = true;
  }
}

/** One conversation; each program fills it in by what its own library tells. */
export class Talk {
  microphone = new Microphone();
  heardBytes = 0;
  loud = 0;
  heardSince = 0;
  userSaid = new Map();
  assistantSaid = new Map();
  interruptions = 0;
  answers = 0;
  errors = [];
  #waiting = [];

  heard(pcm) {
    if (this.heardBytes === 0) this.heardSince = Date.now();
    this.heardBytes += pcm.byteLength;
    const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength >> 1);
    for (let at = 0; at < samples.length; at += 10) if (Math.abs(samples[at]) > 600) this.loud += 10;
    this.changed();
  }

  clear() {
    this.heardBytes = 0;
    this.loud = 0;
  }

  get seconds() {
    return this.heardBytes / 2 / RATE_HZ;
  }

  get lastAnswer() {
    return [...this.assistantSaid.values()].at(-1) ?? '';
  }

  changed() {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }

  async until(what, isTrue) {
    const deadline = Date.now() + PATIENCE_MS;
    while (!isTrue()) {
      if (Date.now() > deadline) {
        check(`waiting for ${what}`, false, `not within ${PATIENCE_MS / 1000} s; heard: ${this.lastAnswer}`);
        return false;
      }
      await Promise.race([new Promise((goOn) => this.#waiting.push(goOn)), sleep(250)]);
    }
    return true;
  }

  async isHeard() {
    await sleep(Math.max(0, this.heardSince + this.seconds * 1000 - Date.now()));
  }
}

export async function speakAndBeHeard(talk) {
  talk.microphone.say('question_joe');
  await talk.until('an answer to the spoken question', () => says(talk.lastAnswer, '391') && talk.answers > 0);
  const user = [...talk.userSaid.values()].join(' | ');
  check("the user's words come back", says(user, 'seventeen', '17'), user);
  check('the answer comes in words', says(talk.lastAnswer, '391'), talk.lastAnswer);
  const isSound = talk.seconds > 0.5 && talk.loud / 2 / RATE_HZ > 0.02 * talk.seconds;
  check('the answer sounds', isSound, `${talk.seconds.toFixed(1)} s`);
  await talk.isHeard();

  for (const [when, pauseMs] of [['at its beginning', 0], ['in its middle', 1500]]) {
    talk.clear();
    talk.microphone.say('story_joe');
    if (!(await talk.until('a story', () => talk.heardBytes > 0))) return;
    await sleep(pauseMs);
    const [before, known] = [talk.interruptions, talk.assistantSaid.size];
    talk.microphone.say('stop_joe');
    await talk.until('an interruption', () => talk.interruptions > before);
    check(`a story is interrupted by speaking, ${when}`, talk.interruptions > before);
    talk.clear();
    await talk.until('an answer after it', () => talk.assistantSaid.size > known && says(talk.lastAnswer, '12', 'twelve'));
    const alone = says(talk.lastAnswer, '12', 'twelve') && !says(talk.lastAnswer, 'story');
    check('the question that interrupted is answered, and no other', alone, talk.lastAnswer);
    await talk.until('its sound', () => talk.heardBytes > 0);
    await sleep(300);
    await talk.isHeard();
  }
}

export async function writeAndStop(talk, write, interrupt) {
  talk.clear();
  const answers = talk.answers;
  write('Please tell me a story.');
  if (await talk.until('a story', () => talk.heardBytes > 0)) {
    interrupt();
    await talk.until('the end of the story', () => talk.answers > answers);
    check('the application can interrupt', talk.answers > answers);
  }
  await sleep(300);
  const known = talk.assistantSaid.size;
  write('What is two plus two?');
  await talk.until(
    'an answer to the written question',
    () => talk.assistantSaid.size > known && says(talk.lastAnswer, '4', 'four'),
  );
  const alone = says(talk.lastAnswer, '4', 'four') && !says(talk.lastAnswer, 'story');
  check('a written question is answered after it, and no other', alone, talk.lastAnswer);
}
