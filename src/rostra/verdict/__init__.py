"""The verdict: was it an attack, or were we not ready?"""
