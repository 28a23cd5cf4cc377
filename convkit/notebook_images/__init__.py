"""Images that notebooks open by path, 'convkit/notebook_images/kitten.jpg'; README.txt says what they show."""
