"""SkinCAP: pictures of Fitzpatrick 17k and DDI again, with captions."""
