from tuxdb import seed
async def test_demo(db):
    for _ in range(2):
        for r in await seed.apply(db): print(r)
    for r in await seed.status(db): print(r)
    r = await seed.fake(db, guilds=5, users=1000, messages=200, transfers=500, cases=20, random_seed=7)
    print(r.tables)
    print(await db.points.verify())
    for r in await seed.status(db): print(r)
