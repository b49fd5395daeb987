import { withContainers, withImage } from '../containers/here.test.rig.js';
import * as runtime from '../containers/runtime.js';
import { PROXIES, PROXY_IMAGES } from '../path/find-proxy.js';
import * as programs from '../programs.js';
import { proxies } from './containers.js';

const without = (program: string | undefined) => jest.spyOn(programs, 'findProgram').mockReturnValue(program);

afterEach(() => jest.restoreAllMocks());

for (const name of PROXIES) {
  const image = PROXY_IMAGES[name];
  withImage(
    image,
    `doctor says that the image of ${name} is used: with --engine docker, or in place of the program`,
    async () => {
      without('/there');
      expect(await proxies()).toContainEqual({
        name,
        state: 'ok',
        text: `/there; its image ${image} with --engine docker`,
      });
      without(undefined);
      expect(await proxies()).toContainEqual({ name, state: 'ok', text: `its image ${image}: it is not on the PATH` });
    },
  );

  withContainers(`doctor says how ${name} is got where there is neither`, async () => {
    without(undefined);
    jest.spyOn(runtime, 'imageIsHere').mockResolvedValue(false);
    const [text] = (await proxies()).filter((finding) => finding.name === name).map((finding) => finding.text);
    expect(text).toContain(`docker pull ${image}`);
  });
}
