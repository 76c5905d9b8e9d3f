"""Words of the fake data: two-word names, guild names, messages, reasons.

Data made from a seed depends on every word here and on its place: a change to a list
asks for a new `VERSION` in plan.py.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADJECTIVES = _words("""
able agile airy alert amber ample ancient arctic ardent autumn awake azure balmy
basic bold brave breezy bright brisk bronze busy calm candid careful casual cheerful
chief chilly civic classic clean clear clever coastal cobalt cool copper coral
cosmic cosy crimson crisp curious cyan dainty daring dapper dawn deep deft dense
devoted dewy direct distant dreamy dusky dusty dutiful eager early earnest easy
ebony elder electric elegant emerald endless equal eternal even exact fabled fair
faithful famous fancy fearless festive fiery final fine firm first fleet floral
fluent fond formal fortunate frank free fresh friendly frosty frugal gallant gentle
genuine giant gifted glad gleaming global golden good graceful grand grateful green
happy hardy hasty hazel hearty helpful hidden high honest hopeful humble hushed icy
ideal indigo ivory jade jaunty jolly jovial joyful keen kind lasting lavish leafy
light lilac lively local lofty lone loyal lucid lucky lunar magic major maple marble
mellow merry mighty mild mint misty modern modest mossy musical narrow native neat
new nimble noble northern novel oaken olive open orange pastel patient peaceful
pearly perky placid playful pleasant plucky plum polar polite prime proud pure quick
quiet radiant rapid rare ready red regal rosy round royal ruby rustic sandy scarlet
serene sharp shiny silent silky silver simple sleek small smart smooth snowy soft
solar solid southern spring stable starry steady stellar stout strong sturdy subtle
summer sunny swift tall tender thrifty tidy timely tiny topaz tranquil true trusty
upbeat urban useful valiant vast velvet vivid warm western wild winter wise witty
young zesty
""")

NOUNS = _words("""
acorn adder albatross alder alpaca anchor anvil apple apricot arrow aspen aster
atlas badger bamboo banjo barley basil beacon bear beaver beetle birch bison bobcat
boulder bramble breeze brook buffalo button cactus camel canary candle canyon
caribou castle cedar cello cherry chestnut cicada cinder citrus cliff clover comet
compass condor cougar coyote crane creek cricket crow crystal cypress dahlia daisy
deer delta dolphin dove dragon drum dune eagle echo egret elk elm ember falcon fern
ferret fiddle finch fir firefly fjord flame flint flute forest fox frog galaxy
garden garnet gecko geyser ginger glacier goose gopher grape grove gull harbor hare
harp hawk hazelnut heron hill horse hound husky ibex ibis iguana iris island ivy
jackal jaguar jasmine jay juniper kayak kelp kestrel kettle kite kiwi koala lagoon
lake lantern lark laurel leaf lemon lemur leopard lily lime linden lion lizard llama
lobster lotus lynx magpie mango mantis marlin marmot marten meadow melon meteor moon
moose moss moth mountain mouse mulberry nebula nectar newt nutmeg oak oasis ocean
ocelot octopus opal orca orchid oriole osprey otter owl panda panther papaya parrot
peach pear pebble pelican penguin pepper petrel pheasant piano pigeon pike pine
planet plover pony poplar poppy prairie puffin puma quail quartz quokka rabbit
raccoon rain ram raven reed reef river robin rocket rose saffron sage salmon sapling
seal sequoia shell shrew sky sloth snail sparrow spruce squid star stork storm swan
tapir teal thistle thrush thunder tiger toucan trout tulip tundra turtle valley
violet walnut walrus whale willow wolf wombat wren yak zebra zinnia
""")

PLACES = _words("""
Guild Tavern Lounge Workshop Library Arcade Garden Harbor Observatory Club Kitchen
Studio Camp Academy Market Station
""")

OPENINGS = (
    "good morning,",
    "anyone else seen that",
    "I just noticed that",
    "quick question:",
    "heads up,",
    "lol,",
    "thanks!",
    "update:",
    "honestly,",
    "reminder that",
    "wait,",
    "can confirm,",
    "small win:",
    "for the record,",
    "not sure why, but",
    "friends,",
)

REMARKS = (
    "the bot is back online",
    "the new emoji are up",
    "my build finally passes",
    "event night starts at eight",
    "the leaderboard looks close this week",
    "somebody left the kettle on",
    "the docs have an answer for that",
    "we should do this again",
    "the patch notes are out",
    "I owe somebody fifty points",
    "that was the best round so far",
    "the voice channel echoes a bit",
    "the screenshots are in the gallery",
    "it works on my machine",
    "the raffle closes tomorrow",
    "there is cake in the kitchen",
)

CASE_REASONS = {
    "warn": "off-topic after a reminder",
    "note": "asked to be reminded of the rules",
    "timeout": "flooding the channel",
    "kick": "advertising in several channels",
    "ban": "spam links",
}
