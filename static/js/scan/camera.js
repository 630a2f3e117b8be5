// @ts-check
// The camera: its picture in a video element, and its lamp.

const WANTED = { audio: false, video: { facingMode: { ideal: 'environment' }, width: { ideal: 1920 }, height: { ideal: 1080 } } };

export class Camera {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    this.stream = /** @type {MediaStream | null} */ (null);
    this.asked = /** @type {symbol | null} */ (null); // what was asked for last and not stopped since
    this.lit = false;
  }

  static isThere() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  /** Whether this page may use the camera without asking again. */
  static async isAllowed() {
    try {
      return (await navigator.permissions.query({ name: /** @type {PermissionName} */ ('camera') })).state === 'granted';
    } catch {
      return false; // this browser does not say
    }
  }

  get isOn() {
    return this.stream !== null;
  }

  /** Whether it is on, or is being asked for. */
  get isWanted() {
    return this.asked !== null;
  }

  /**
   * @returns {Promise<MediaStream | null>} null when it was stopped before it was there, or was wanted already
   * @throws when there is no camera, or it was not allowed
   */
  async start() {
    if (this.isWanted) return null;
    const asked = Symbol('a camera');
    this.asked = asked;
    try {
      const stream = await navigator.mediaDevices.getUserMedia(WANTED);
      if (this.asked !== asked) {
        release(stream);
        return null;
      }
      this.stream = stream;
      this.video.srcObject = stream;
      await this.video.play();
    } catch (error) {
      if (this.asked !== asked) return null; // nobody waits for it any more
      this.stop();
      throw error;
    }
    return this.asked === asked ? this.stream : null;
  }

  stop() {
    this.asked = null;
    if (this.stream) release(this.stream);
    this.stream = null;
    this.video.srcObject = null;
    this.lit = false;
  }

  get hasTorch() {
    const capabilities = /** @type {any} */ (this.stream?.getVideoTracks()[0]?.getCapabilities?.());
    return Boolean(capabilities?.torch);
  }

  /** Switches the lamp on or off. */
  async switchTorch() {
    const lit = !this.lit;
    await this.stream?.getVideoTracks()[0].applyConstraints(/** @type {any} */ ({ advanced: [{ torch: lit }] }));
    this.lit = lit;
  }
}

/** @param {MediaStream} stream */
function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}
