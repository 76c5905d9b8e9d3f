"""What the commands about points say and do, apart from Discord's view of them."""
