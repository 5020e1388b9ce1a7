"use strict";

// Good and bad by ear and hand: two rising tones or one low one, a short or a long vibration.
(() => {
  let sound = null;

  function tone(frequency, startS, lengthS) {
    const wave = sound.createOscillator();
    const volume = sound.createGain();
    wave.type = "triangle";
    wave.frequency.value = frequency;
    volume.gain.setValueAtTime(0.25, sound.currentTime + startS);
    volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + startS + lengthS);
    wave.connect(volume).connect(sound.destination);
    wave.start(sound.currentTime + startS);
    wave.stop(sound.currentTime + startS + lengthS);
  }

  function give(good) {
    try {
      sound ??= new AudioContext();
      if (sound.state === "suspended") sound.resume();
      if (good) {
        tone(880, 0, 0.12);
        tone(1320, 0.12, 0.2);
      } else {
        tone(220, 0, 0.45);
      }
    } catch {
      // No sound device: the colour and the words say it too.
    }
    navigator.vibrate?.(good ? 80 : [120, 80, 120]);
  }

  window.kaquanCounter.signal = give;
})();
