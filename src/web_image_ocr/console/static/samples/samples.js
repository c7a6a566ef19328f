// Written by scripts/console_samples.py.
export default [
{"file":"banner.webp","name":"banner","width":960,"height":540,"lines":[{"words":"NEW 新品上市","confidence":0.9998,"location":[[694,44],[934,149],[916,192],[676,87]]},{"words":"秋日好茶","confidence":0.9886,"location":[[57,72],[475,71],[476,176],[57,177]]},{"words":"AUTUMN TEA FESTIVAL","confidence":0.998,"location":[[62,199],[505,199],[505,230],[62,230]]},{"words":"全场第二件半价","confidence":0.9988,"location":[[92,291],[385,291],[385,330],[92,330]]},{"words":"￥39.90","confidence":0.7302,"location":[[63,398],[322,398],[322,448],[63,448]]},{"words":"11.20 - 11.30 · Free delivery from 99","confidence":0.9743,"location":[[62,481],[470,483],[469,509],[61,506]]}]},
{"file":"ticket.webp","name":"ticket","width":820,"height":620},
{"file":"scroll.webp","name":"scroll","width":600,"height":720},
{"file":"screen.webp","name":"screen","width":900,"height":600},
];
